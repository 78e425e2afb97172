"""One attempt, from claim to its last write: resolve, prepare, run, settle."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headrace import failpoint
from headrace.db.failures import OUTAGE, until_back
from headrace.db.listen import JOBS_CHANGED
from headrace.errors import HeadraceError
from headrace.lifecycle.cancel import canceled
from headrace.model.job import JobKind
from headrace.model.outcome import ErrorName, Outcome, Status, failure, timed_out
from headrace.queue import logs, notes
from headrace.queue.exchange import Completion
from headrace.runtimes.base import Attempt, LockFailed
from headrace.sandbox.cage import Stop
from headrace.worker.argument_references import resolve_arguments
from headrace.worker.code_book import ResolvedCode
from headrace.worker.completer import ACQUIRE_SECONDS
from headrace.worker.environ import job_environ
from headrace.worker.final_result import finish_result
from headrace.worker.job_log import JobLog
from headrace.worker.job_notes import JobNotes
from headrace.worker.job_stream import JobStream

if TYPE_CHECKING:
    import httpx

    from headrace.db.connection import Connection, Pool
    from headrace.db.listen import Switchboard
    from headrace.model.blob import Blob
    from headrace.model.job import ClaimedJob, Lease, LogChunk
    from headrace.runtimes.registry import Runtimes
    from headrace.sandbox.cage import Cage
    from headrace.sandbox.memory import NoteMemory
    from headrace.settings import Settings
    from headrace.worker.code_book import CodeBook
    from headrace.worker.completer import Completer
    from headrace.worker.environment_book import EnvironmentBook
    from headrace.worker.result_keeper import ResultKeeper

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every job of a worker needs."""

    pool: Pool
    switchboard: Switchboard
    completer: Completer
    code_book: CodeBook
    environment_book: EnvironmentBook
    api: httpx.AsyncClient
    runtimes: Runtimes
    settings: Settings
    keeper: ResultKeeper


@dataclass(slots=True)
class RunningJob:
    """An attempt under way, and the ways to stop it.

    ``stop`` makes the runtime end the processes. ``is_lost`` says that the attempt no longer holds its
    job, so that nothing of it is to be written; ``is_given_up`` that the worker goes away;
    ``is_torn_down`` that nothing of its processes is left. ``has_begun`` says that its code may have been
    started. ``kin`` is the same for jobs that one process may run, None where it runs no other.
    """

    job: ClaimedJob
    kin: object = None
    has_begun: bool = False
    stop: Stop = field(default_factory=Stop)
    is_lost: bool = False
    is_given_up: bool = False
    canceled_by: str | None = None
    canceled_reason: str | None = None
    is_torn_down: asyncio.Event = field(default_factory=asyncio.Event)

    def cancel(self, by: str, reason: str | None) -> None:
        """Stop the job because somebody asked for it; the first one counts."""
        if self.canceled_by is None:
            self.canceled_by, self.canceled_reason = by, reason
        self.stop.set()

    def lose(self) -> None:
        """Kill the job because it is no longer ours."""
        self.is_lost = True
        self.stop.set_at_once()

    async def lose_and_wait(self) -> None:
        """The same, until nothing of its processes is left."""
        self.lose()
        await self.is_torn_down.wait()

    def give_up(self) -> None:
        """Stop the job because the worker ends."""
        self.is_given_up = True
        self.stop.set()


@dataclass(frozen=True, slots=True)
class Talk:
    """Where all goes that a job says: what it prints, and what it tells before its answer."""

    output: JobStream
    notes: JobNotes


async def run_job(workshop: Workshop, running: RunningJob, cage: Cage) -> Completion | None:
    """Run a claimed job to its end, which is to be stored: by then nothing of its processes is left.

    None where nothing is to be stored: it is no longer ours, or the worker has to hand it back.
    """
    job = running.job
    job_log = JobLog(_store(workshop, running, logs.append, "storing logs"), running.lose)
    if job.lease.attempt > 1:
        await job_log.say(f"--- attempt {job.lease.attempt}: the job was given back to the queue before ---")
    await failpoint.reach("run_job")
    stream = _stream(workshop, running, cage, job_log)
    job_notes = _notes(workshop, running, stream)
    try:
        outcome = await _run(workshop, running, cage, job_log, Talk(stream, job_notes))
    finally:
        running.is_torn_down.set()
    await stream.close()
    final = finish_result(job_notes.judge(outcome), stream, cage.limits.result_bytes)
    for line in final.remarks:
        await job_log.say(line)
    outcome = final.outcome
    blob = await _keep(workshop, running, outcome, job_log)
    chunks = await job_log.close()
    if running.is_lost:
        log.warning(
            "job %s: attempt %d is no longer ours, its end is dropped", job.lease.job, job.lease.attempt
        )
        return None
    if running.is_given_up and running.canceled_by is None and outcome.status is Status.CANCELED:
        return None
    if running.canceled_by is not None and outcome.status is Status.CANCELED:
        outcome = _say_who(running, outcome)
    return Completion(job.lease, outcome, chunks, outcome.teardown, final.labels, blob)


async def _keep(workshop: Workshop, running: RunningJob, outcome: Outcome, job_log: JobLog) -> Blob | None:
    """Where the result lies if it is too large for its row; a worker that lost its job keeps nothing."""
    keeper, job = workshop.keeper, running.job
    if running.is_lost or not keeper.is_large(job, outcome.result):
        return None
    blob = await keeper.keep(job, outcome.result, lambda: not running.is_lost)
    if blob is None:
        await job_log.say("headrace: the blob store can't be reached: the result is kept in the database")
    return blob


async def _run(workshop: Workshop, running: RunningJob, cage: Cage, job_log: JobLog, talk: Talk) -> Outcome:
    try:
        resolved = await until_back(lambda: workshop.code_book.resolve(running.job), "reading code")
        if running.stop.is_set():
            return canceled("the worker", None)
        if isinstance(resolved, Outcome):
            return resolved
        running.has_begun = True
        if running.job.kind is JobKind.DEPENDENCIES:
            return await _lock(workshop, running, resolved, cage, job_log)
        return await _run_code(workshop, running, resolved, cage, talk)
    except HeadraceError as error:
        return failure(ErrorName.INTERNAL, str(error))
    except Exception:
        log.exception("job %s: the worker failed to run it", running.job.lease.job)
        return failure(ErrorName.INTERNAL, "the worker failed to run this job; its log says why")


async def _run_code(
    workshop: Workshop, running: RunningJob, resolved: ResolvedCode, cage: Cage, talk: Talk
) -> Outcome:
    arguments = await resolve_arguments(workshop.api, running.job, running.stop)
    if isinstance(arguments, Outcome):
        return arguments
    own = await until_back(
        lambda: workshop.environment_book.read(running.job.workspace), "reading the environment"
    )
    environ = _environ(workshop, running.job, resolved, own)
    attempt = _attempt(workshop, running, resolved, cage, talk, arguments, environ)
    return await workshop.runtimes.get(resolved.code.language).run(attempt, talk.output)


async def _lock(
    workshop: Workshop, running: RunningJob, resolved: ResolvedCode, cage: Cage, job_log: JobLog
) -> Outcome:
    """A dependencies job: its result is ``{"lock": text}``."""
    runtime = workshop.runtimes.get(resolved.code.language)
    seconds = _timeout_seconds(workshop, running)
    try:
        async with asyncio.timeout(seconds):
            lock = await runtime.lock(resolved.code, cage, job_log, running.stop)
    except TimeoutError:
        return timed_out(seconds)
    except LockFailed as error:
        if running.stop.is_set():
            return canceled("the worker", None)
        return failure(ErrorName.DEPENDENCIES, str(error))
    return Outcome(Status.SUCCESS, workshop.runtimes.lock_result(lock))


def _environ(
    workshop: Workshop, job: ClaimedJob, resolved: ResolvedCode, of_workspace: dict[str, str]
) -> dict[str, str]:
    return job_environ(
        job,
        url=workshop.settings.url,
        worker_group=workshop.settings.group,
        of_workspace=of_workspace,
        envs=resolved.settings.get("envs") or [],
    )


def _attempt(  # noqa: PLR0917 - what an attempt is made of
    workshop: Workshop,
    running: RunningJob,
    resolved: ResolvedCode,
    cage: Cage,
    talk: Talk,
    arguments: bytes,
    environ: dict[str, str],
) -> Attempt:
    job = running.job
    return Attempt(
        name=f"{job.lease.job}-{job.lease.attempt}",
        code=dataclasses.replace(resolved.code, entry=job.entry or resolved.code.entry),
        arguments=arguments,
        environ=environ,
        timeout_seconds=_timeout_seconds(workshop, running),
        cage=cage,
        stop=running.stop,
        note_memory=_note_memory(workshop, job.lease),
        take_note=talk.notes.take,
        preprocess=job.preprocessed is False,
        resident=_resident(workshop, job, resolved),
    )


def _resident(workshop: Workshop, job: ClaimedJob, resolved: ResolvedCode) -> str | None:
    """For whom a process is kept that may run this job; None where it gets one of its own.

    Nothing is kept where CPU time is limited, which would end it after so much of all its jobs; nor for
    another function than ``main``, which a script may look at when it is loaded.
    """
    settings = workshop.settings
    if (
        job.tag not in settings.dedicated
        or not resolved.settings.get("dedicated_worker")
        or job.entry is not None
        or settings.cpu_limit_seconds
    ):
        return None
    return "\n".join((job.workspace, job.script_hash or "", job.permissioned_as, job.email))


def _timeout_seconds(workshop: Workshop, running: RunningJob) -> int:
    most = workshop.settings.job_timeout_seconds
    return min(running.job.timeout_seconds or most, most)


def _say_who(running: RunningJob, outcome: Outcome) -> Outcome:
    named = canceled(running.canceled_by or "", running.canceled_reason)
    return dataclasses.replace(named, measures=outcome.measures, teardown=outcome.teardown)


def _note_memory(workshop: Workshop, lease: Lease) -> NoteMemory:
    async def note(peak_memory_kb: int) -> None:
        try:
            async with workshop.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                await logs.note_peak_memory(connection, lease, peak_memory_kb)
        except OUTAGE as error:
            log.debug("job %s: its memory could not be noted: %s", lease.job, error)

    return note


def _stream(workshop: Workshop, running: RunningJob, cage: Cage, job_log: JobLog) -> JobStream:
    store = _store(workshop, running, logs.append_stream, "storing a stream")
    # Without a limit to what can be streamed a job could fill the database; it is stopped at once.
    return JobStream(job_log, store, running.lose, cage.limits.result_bytes, running.stop.set)


def _notes(workshop: Workshop, running: RunningJob, stream: JobStream) -> JobNotes:
    job = running.job

    async def keep(args: bytes) -> None:
        async def store() -> bool:
            async with workshop.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                return await notes.store_arguments(connection, job.lease, args)

        if not await until_back(store, "storing arguments"):
            running.lose()

    return JobNotes(stream, keep if job.preprocessed is False else None, running.stop)


Append = Callable[["Connection", "Lease", "list[LogChunk]"], Awaitable[bool]]


def _store(workshop: Workshop, running: RunningJob, append: Append, what: str):  # noqa: ANN202 - a job_log.Store
    lease = running.job.lease

    async def store(chunks: list[LogChunk]) -> bool:
        async def once() -> bool:
            async with workshop.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                return await append(connection, lease, chunks)

        is_held = await until_back(once, what)
        workshop.switchboard.notify(JOBS_CHANGED, {str(lease.job)})
        return is_held

    return store
