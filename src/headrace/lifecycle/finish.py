"""Every job ends here: worker, rescuer and API write the terminal state through this one deed.

In the same transaction the end takes effect: a dependencies job stores its lock and lets go the jobs
that waited for it, or, where it locked a script again, gives it a version with the new lock; a failure is
run again where its caller has asked for that; a success is kept where it may answer later calls.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headrace.lifecycle.import_map import announce_locked
from headrace.lifecycle.keep_result import keep
from headrace.lifecycle.relock import settle_relock
from headrace.lifecycle.retry import run_again
from headrace.model.job import JobKind
from headrace.model.outcome import Outcome, Status
from headrace.queue import complete
from headrace.queue.exchange import exchange
from headrace.store import scripts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headrace.db.connection import Connection
    from headrace.model.ids import JobId
    from headrace.model.job import ClaimedJob, FinishedJob
    from headrace.queue.exchange import Author, Completion, Exchanged


@dataclass(slots=True)
class Finished:
    """What ended, and the tags of jobs that may be claimed because of it."""

    jobs: list[FinishedJob] = field(default_factory=list["FinishedJob"])
    due_tags: set[str] = field(default_factory=set[str])
    later: set[str] = field(default_factory=set[str])
    """Ids of jobs that wait for their time because of it."""

    def add(self, other: Finished) -> None:
        """Take in what ended besides."""
        self.jobs += other.jobs
        self.due_tags |= other.due_tags
        self.later |= other.later


def ends_alone(job: ClaimedJob) -> bool:
    """Whether the end of a job changes nothing but the job, whatever its outcome."""
    return job.kind is not JobKind.DEPENDENCIES and not job.has_retry and not job.is_cached


async def finish_alone_and_claim(
    connection: Connection,
    worker_session: int,
    author: Author,
    completions: list[Completion],
    *,
    tags: Sequence[str],
    slots: int,
) -> Exchanged:
    """End attempts of jobs that end alone, and take at most ``slots`` others, in one statement.

    It needs no transaction, and waits for nobody. A job that is not among those that ended may be held
    nevertheless: ``finish_attempts`` tells.
    """
    return await exchange(connection, worker_session, completions, author, tags=tags, slots=slots)


async def finish_attempts(
    connection: Connection, worker_session: int, author: Author, completions: list[Completion]
) -> Finished:
    """End attempts of one worker session within the caller's transaction.

    Jobs that the session no longer holds are left out of the answer and left alone.
    """
    outcomes = {completion.lease.job: completion.outcome for completion in completions}
    jobs = await complete.complete_attempts(connection, worker_session, author, completions)
    finished = Finished(jobs)
    # Scripts are changed in order of path, so that no two transactions wait for one another.
    for job in sorted(jobs, key=lambda job: (job.workspace, job.path or "")):
        outcome = outcomes[job.id]
        finished.due_tags |= await _take_effect(connection, job, outcome)
        await keep(connection, job, outcome)
        if retried := await run_again(connection, job, outcome):
            finished.later |= {str(retried.job)} if retried.is_later else set()
            finished.due_tags |= set() if retried.is_later else {retried.tag}
    return finished


async def finish_unclaimed(connection: Connection, job: JobId, outcome: Outcome) -> Finished:
    """End a job whose queue row the caller has locked and which no worker is about to end."""
    ended = await complete.complete_unclaimed(connection, job, outcome)
    if ended is None:
        return Finished()
    return Finished([ended], await _take_effect(connection, ended, outcome))


async def _take_effect(connection: Connection, job: FinishedJob, outcome: Outcome) -> set[str]:
    match job.kind:
        case JobKind.DEPENDENCIES:
            return await _store_lock(connection, job, outcome)
        case JobKind.SCRIPT | JobKind.PREVIEW | JobKind.FLOW | JobKind.PREVIEW_FLOW:
            return set()


async def _store_lock(connection: Connection, job: FinishedJob, outcome: Outcome) -> set[str]:
    if job.script_hash is None or await settle_relock(connection, job, outcome):
        return set()
    result = json.loads(outcome.result)
    if outcome.status is not Status.SUCCESS:
        return await scripts.settle_lock(connection, job.id, None, result["error"]["message"])
    due_tags = await scripts.settle_lock(connection, job.id, result["lock"], None)
    await announce_locked(connection, job.workspace, job.script_hash, job.id)
    return due_tags
