"""Writes the ends of attempts with care, those of several slots in one transaction when they come together.

It goes on until the database is back, waits for rows that others are changing, and writes one by one where
one end can't be stored. So are those written that change more than their own job, and those that could not be
written in passing (``worker/exchange.py``). Nobody waits for a batch to fill: while one is being written the
next collects.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace import failpoint
from headrace.db.failures import until_back
from headrace.db.listen import JOBS_CHANGED, JOBS_DUE, JOBS_LATER, LOCKS_CHANGED
from headrace.lifecycle.finish import Finished, finish_attempts
from headrace.model.job import JobKind
from headrace.model.outcome import ErrorName, failure
from headrace.queue.exchange import Author, Completion

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from headrace.db.listen import Switchboard
    from headrace.queue.sessions import WorkerInfo

log = logging.getLogger(__name__)

ACQUIRE_SECONDS = 10.0
"""Longest time to get a connection, and to put back one that may be dead."""

Settled = Callable[[bool], None]
"""Is told when an end is settled, and whether it was written: not where its attempt was no longer holder."""


@dataclass(frozen=True, slots=True)
class End:
    """The end of an attempt on its way to the database."""

    completion: Completion
    settled: Settled


class Completer:
    """One per worker process."""

    def __init__(self, pool: Pool, switchboard: Switchboard, info: WorkerInfo) -> None:
        self._pool = pool
        self._switchboard = switchboard
        self._ends: list[End] = []
        self._something_waits = asyncio.Event()
        self.author = Author(info.worker, info.isolation)

    def put(self, completion: Completion, settled: Settled) -> None:
        """Have the end of an attempt written, however long the database is away."""
        self._ends.append(End(completion, settled))
        self._something_waits.set()

    async def complete(self, completion: Completion) -> bool:
        """The same, and wait for it. False where the attempt no longer held its job."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.put(completion, lambda is_written: None if done.cancelled() else done.set_result(is_written))
        return await done

    async def run(self) -> None:
        """Write until cancelled; raises what keeps even a plain failure from being stored."""
        while True:
            await self._something_waits.wait()
            self._something_waits.clear()
            batch, self._ends = self._ends, []
            # Sessions differ only across a loss of the lease.
            for session in {end.completion.lease.worker_session for end in batch}:
                await self._write(session, [e for e in batch if e.completion.lease.worker_session == session])

    async def _write(self, session: int, batch: list[End]) -> None:
        completions = [end.completion for end in batch]

        async def transaction() -> Finished:
            async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
                finished = await finish_attempts(connection, session, self.author, completions)
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

    async def _write_one_by_one(self, session: int, batch: list[End], error: Exception) -> None:
        """One bad value must not take its neighbours with it: each alone, and the bad one as a failure."""
        if len(batch) > 1:
            for end in batch:
                await self._write(session, [end])
            return
        (end,) = batch
        completion = end.completion
        if completion.outcome.result.startswith(b'{"error": {"name": "InternalErr"'):
            raise error
        log.error("job %s: its end could not be stored", completion.lease.job, exc_info=error)
        outcome = failure(
            ErrorName.INTERNAL,
            "the job ended, but its result or log could not be stored; the worker's log says why",
            measures=completion.outcome.measures,
        )
        stored = Completion(completion.lease, outcome, teardown=completion.teardown)
        await self._write(session, [End(stored, end.settled)])

    def _settle(self, batch: list[End], finished: Finished) -> None:
        ended = {job.id for job in finished.jobs}
        self._switchboard.notify(JOBS_CHANGED, {str(job) for job in ended})
        self._switchboard.notify(JOBS_DUE, finished.due_tags)
        self._switchboard.notify(JOBS_LATER, finished.later)
        locked = {job.workspace for job in finished.jobs if job.kind is JobKind.DEPENDENCIES}
        self._switchboard.notify(LOCKS_CHANGED, set(locked))
        for end in batch:
            lease = end.completion.lease
            if lease.job not in ended:
                log.warning("job %s: attempt %d came too late to be stored", lease.job, lease.attempt)
            end.settled(lease.job in ended)
