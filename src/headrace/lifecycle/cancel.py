"""Stops jobs: politely by way of their worker, at once where none has them, or by force."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headrace.errors import NotFound, PermissionDenied
from headrace.lifecycle.find_run import find_run
from headrace.lifecycle.finish import Finished, finish_unclaimed
from headrace.model.job import State
from headrace.model.outcome import ErrorName, Outcome, Status, failure
from headrace.permissions.check import may_end_run
from headrace.queue import cancel as queue_cancel
from headrace.store import audit

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId
    from headrace.model.principal import Principal
    from headrace.model.run import Run
    from headrace.queue.cancel import LiveJob


@dataclass(slots=True)
class Canceled:
    """The jobs that end, or were told to, and what ended at once."""

    jobs: list[JobId] = field(default_factory=list["JobId"])
    finished: Finished = field(default_factory=Finished)


def canceled(by: str, reason: str | None) -> Outcome:
    """The outcome of a job that somebody stopped."""
    message = f"Canceled by {by}" + (f": {reason}" if reason else "")
    outcome = failure(ErrorName.CANCELED, message, status=Status.CANCELED, canceler=by, reason=reason)
    return dataclasses.replace(outcome, canceled_by=by, canceled_reason=reason)


async def cancel(
    connection: Connection, job: JobId, by: str, reason: str | None, *, force: bool = False
) -> Finished | None:
    """Stop a job, within the caller's transaction.

    One that waits ends here and now; one that runs is told to, and its worker ends it; by force it ends
    here too, and its worker finds its attempt stale and kills its processes. Where the job has failed and
    is to be run again, the one that runs it again is stopped. None where there is nothing to stop that the
    caller may stop.
    """
    done = await _cancel(connection, job, by, reason, force=force)
    return done.finished if done else None


async def cancel_one(
    connection: Connection, principal: Principal, job: JobId, reason: str | None, *, force: bool
) -> Canceled:
    """The same for whoever asks, with its row in the audit log.

    Raises NotFound where there is no such job to be seen or it has ended, PermissionDenied where it is not
    theirs to stop.
    """
    await require_end(connection, principal, job)
    done = await _cancel(connection, job, principal.username, reason, force=force)
    if done is None:
        raise NotFound(f"job {job} has ended already")
    await audit.write(connection, principal, _operation(force=force), "Updated", str(done.jobs[0]))
    return done


async def cancel_each(
    connection: Connection, principal: Principal, jobs: list[JobId], reason: str | None, *, force: bool
) -> Canceled:
    """Stop those of some jobs that live and that one may stop; the others are left alone.

    All of their rows are locked until the transaction ends: call it for a hundred at a time.
    """
    done = Canceled()
    for live in await queue_cancel.lock_live(connection, jobs):
        if not _may_end(principal, live):
            continue
        done.finished.add(await _end(connection, live, principal.username, reason, force=force))
        done.jobs.append(live.id)
        await audit.write(connection, principal, _operation(force=force), "Updated", str(live.id))
    return done


async def require_end(connection: Connection, principal: Principal, job: JobId) -> Run:
    """A job that one may end. Raises NotFound where it can't be seen, PermissionDenied where it only can."""
    run = await find_run(connection, principal, job)
    if not _may_end(principal, run):
        raise PermissionDenied("you may see this job but not stop or change it")
    return run


def _may_end(principal: Principal, job: Run | LiveJob) -> bool:
    return may_end_run(
        principal,
        path=job.path,
        permissioned_as=job.permissioned_as,
        created_by=job.created_by,
        runner_only=job.visible_to_runner_only,
    )


async def _cancel(
    connection: Connection, job: JobId, by: str, reason: str | None, *, force: bool
) -> Canceled | None:
    live = await queue_cancel.lock_live(connection, [job])
    if not live and (retry := await queue_cancel.find_live_retry(connection, job)):
        live = await queue_cancel.lock_live(connection, [retry])
    if not live:
        return None
    return Canceled([live[0].id], await _end(connection, live[0], by, reason, force=force))


async def _end(
    connection: Connection, live: LiveJob, by: str, reason: str | None, *, force: bool
) -> Finished:
    if live.state is State.RUNNING and not force:
        await queue_cancel.request(connection, live.id, by, reason)
        return Finished()
    return await finish_unclaimed(connection, live.id, canceled(by, reason))


def _operation(*, force: bool) -> str:
    return "jobs.force_cancel" if force else "jobs.cancel"
