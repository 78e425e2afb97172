"""Writes the ends of attempts, those of several slots in one transaction when they come together.

Nobody waits for a batch to fill: while one is being written the next collects.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace import failpoint
from headrace.db.failures import until_back
from headrace.db.listen import JOBS_CHANGED, JOBS_DUE, JOBS_LATER, LOCKS_CHANGED
from headrace.lifecycle.finish import Finished, finish_attempts
from headrace.model.job import JobKind
from headrace.model.outcome import ErrorName, failure
from headrace.queue.complete import Completion

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from headrace.db.listen import Switchboard
    from headrace.queue.sessions import WorkerInfo

log = logging.getLogger(__name__)

ACQUIRE_SECONDS = 10.0
"""Longest time to get a connection, and to put back one that may be dead."""


@dataclass(slots=True)
class _Waiting:
    completion: Completion
    done: asyncio.Future[bool]


class Completer:
    """One per worker process."""

    def __init__(self, pool: Pool, switchboard: Switchboard, info: WorkerInfo) -> None:
        self._pool = pool
        self._switchboard = switchboard
        self._info = info
        self._waiting: list[_Waiting] = []
        self._something_waits = asyncio.Event()

    async def complete(self, completion: Completion) -> bool:
        """Write the end of an attempt, however long the database is away.

        False where the attempt no longer held its job: its end is not written then.
        """
        waiting = _Waiting(completion, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._something_waits.set()
        return await waiting.done

    async def run(self) -> None:
        """Write until cancelled; raises what keeps even a plain failure from being stored."""
        while True:
            await self._something_waits.wait()
            self._something_waits.clear()
            batch, self._waiting = self._waiting, []
            # Sessions differ only across a loss of the lease.
            for session in {waiting.completion.lease.worker_session for waiting in batch}:
                await self._write(session, [w for w in batch if w.completion.lease.worker_session == session])

    async def _write(self, session: int, batch: list[_Waiting]) -> None:
        completions = [waiting.completion for waiting in batch]

        async def transaction() -> Finished:
            async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
                finished = await finish_attempts(
                    connection, session, self._info.worker, self._info.isolation, completions
                )
                await failpoint.reach("complete_before_commit")
            return finished

        await failpoint.reach("complete")
        try:
            finished = await until_back(transaction, "completing jobs")
        except Exception as error:  # noqa: BLE001 - what can't be stored may fail in any way
            log.warning("the ends of %d jobs can't be stored: %s", len(batch), type(error).__name__)
            await self._write_one_by_one(session, batch, error)
            return
        self._settle(batch, finished)

    async def _write_one_by_one(self, session: int, batch: list[_Waiting], error: Exception) -> None:
        """One bad value must not take its neighbours with it: each alone, and the bad one as a failure."""
        if len(batch) > 1:
            for waiting in batch:
                await self._write(session, [waiting])
            return
        (waiting,) = batch
        completion = waiting.completion
        if completion.outcome.result.startswith(b'{"error": {"name": "InternalErr"'):
            raise error
        log.error("job %s: its end could not be stored", completion.lease.job, exc_info=error)
        outcome = failure(
            ErrorName.INTERNAL,
            "the job ended, but its result or log could not be stored; the worker's log says why",
            measures=completion.outcome.measures,
        )
        stored = Completion(completion.lease, outcome, teardown=completion.teardown)
        await self._write(session, [_Waiting(stored, waiting.done)])

    def _settle(self, batch: list[_Waiting], finished: Finished) -> None:
        ended = {job.id for job in finished.jobs}
        self._switchboard.notify(JOBS_CHANGED, {str(job) for job in ended})
        self._switchboard.notify(JOBS_DUE, finished.due_tags)
        if finished.later:
            self._switchboard.notify(JOBS_LATER, set(finished.later))
        locked = {job.workspace for job in finished.jobs if job.kind is JobKind.DEPENDENCIES}
        if locked:
            self._switchboard.notify(LOCKS_CHANGED, set(locked))
        for waiting in batch:
            if not waiting.done.cancelled():
                waiting.done.set_result(waiting.completion.lease.job in ended)
