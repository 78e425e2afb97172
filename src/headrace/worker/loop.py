"""The worker: claims jobs for its free slots, runs each, and goes when told to."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from headrace.db.failures import is_outage, until_back
from headrace.db.listen import JOBS_CANCELED, JOBS_CHANGED, JOBS_DUE
from headrace.lifecycle.cancel import canceled
from headrace.lifecycle.finish import ends_alone
from headrace.model.job import Lease
from headrace.model.outcome import ErrorName, failure
from headrace.queue import sessions
from headrace.queue.exchange import Completion
from headrace.queue.sessions import HeldJob
from headrace.worker.completer import ACQUIRE_SECONDS
from headrace.worker.exchange import Exchange
from headrace.worker.lease import LeaseKeeper
from headrace.worker.line import Line
from headrace.worker.run_job import RunningJob, Workshop, run_job

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Login
    from headrace.model.ids import JobId
    from headrace.model.job import ClaimedJob
    from headrace.model.outcome import Outcome
    from headrace.queue.sessions import WorkerInfo
    from headrace.sandbox.slots import Slots

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""A lost notification delays a job at most this long."""
_TOLD_AFTER_SECONDS = 0.05
"""Those who follow a job are told that it runs, unless it has ended by then."""


class Worker:
    """One worker process: a session, some slots, and the jobs in them."""

    def __init__(self, workshop: Workshop, login: Login, info: WorkerInfo, slots: Slots) -> None:
        self._workshop = workshop
        self._info = info
        self._slots = slots
        self._lease = LeaseKeeper(login, info, workshop.settings, self._lose_all, self._look_at_held)
        self._exchange = Exchange(login, info.tags, self._lease, workshop.completer, workshop.switchboard)
        self._running: dict[Lease, RunningJob] = {}
        """Until the ends of their attempts are written."""
        self._free = info.slots
        """How many slots have no job; that one has ended and is not written yet takes none."""
        dedicated = workshop.settings.dedicated
        self._line = Line(info.slots, is_open=all(tag in dedicated for tag in info.tags))
        self._tasks = asyncio.TaskGroup()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False
        self._stopping = False

    async def run(self) -> None:
        """Work until ``drain`` or cancellation; ends when no job is left.

        Raises what ended one of its services or could not be settled: a worker that can't do all of
        its work does none, and its jobs go to others when its lease is over.
        """
        self._workshop.switchboard.listen(JOBS_DUE, self._heard_due)
        self._workshop.switchboard.listen(JOBS_CANCELED, self._heard_canceled)
        await self._lease.open()
        log.info("worker %s takes jobs tagged %s", self._info.worker, ", ".join(self._info.tags))
        try:
            async with self._tasks:
                services = (self._lease.run(), self._workshop.completer.run())
                served = [self._tasks.create_task(service) for service in services]
                await self._exchange_until_drained()
                await self._idle.wait()
                for task in served:
                    task.cancel()
        except ExceptionGroup as group:
            raise _first(group) from group
        await self._close_session()

    async def drain(self) -> None:
        """Claim nothing more, wait for what runs; after ``drain_seconds`` hand it back."""
        if self._draining:
            self.stop()
            return
        self._draining = True
        self._wake.set()
        log.info("draining: %d jobs still run", len(self._running))
        try:
            await asyncio.wait_for(self._idle.wait(), self._workshop.settings.drain_seconds)
        except TimeoutError:
            self.stop()

    def stop(self) -> None:
        """Kill what runs and hand it back."""
        self._draining = self._stopping = True
        self._wake.set()
        for running in self._running.values():
            running.give_up()

    async def _exchange_until_drained(self) -> None:
        try:
            while not self._draining:
                self._wake.clear()
                await self._hand_back(self._line.take_overdue())
                # While the lease is over nothing can be begun, and each claim would cost a job an attempt.
                is_sure = self._lease.is_sure(self._lease.session)
                slots = self._free + self._line.room if is_sure else 0
                claimed: list[ClaimedJob] = []
                if self._exchange.is_unsure and is_sure:
                    await self._give_back_unknown()
                elif slots > 0 or self._exchange.has_ends:
                    claimed = await self._exchange.turn(slots)
                for job in claimed:
                    self._start(job)
                if len(claimed) < max(slots, 1):
                    await self._pause()
            await self._hand_back(self._line.take_all())
        finally:
            self._exchange.close()

    async def _give_back_unknown(self) -> None:
        """Jobs that a claim whose answer got lost has taken; nothing of them has begun."""
        session = self._lease.session
        try:
            async with (
                asyncio.timeout(self._lease.seconds),
                self._workshop.pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            ):
                unknown = self._unknown(session, await sessions.read_held(connection, session))
                tags = await sessions.hand_back(connection, session, unknown, have_begun=False)
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("can't claim jobs: the database is away (%s)", type(error).__name__)
            return
        self._exchange.is_unsure = False
        self._wake.set()
        if tags:
            log.warning("%d jobs of a claim whose answer got lost are given back", len(tags))
        self._workshop.switchboard.notify(JOBS_DUE, set(tags.values()))
        for job in unknown:
            if job.canceled_by is not None:
                lease = Lease(job.job, job.attempt, session)
                await self._workshop.completer.complete(Completion(lease, self._outcome_of(job)))

    def _unknown(self, session: int, held: list[HeldJob]) -> list[HeldJob]:
        return [job for job in held if Lease(job.job, job.attempt, session) not in self._running]

    def _start(self, job: ClaimedJob) -> None:
        kin = (job.workspace, job.script_hash, job.permissioned_as)
        running = RunningJob(job, kin if job.tag in self._workshop.settings.dedicated else None)
        self._running[job.lease] = running
        self._idle.clear()
        if self._stopping:
            running.give_up()
        if self._free:
            self._free -= 1
            self._tasks.create_task(self._work(running))
        else:
            self._line.add(running)

    async def _work(self, running: RunningJob) -> None:
        loop = asyncio.get_running_loop()
        telling = loop.call_later(_TOLD_AFTER_SECONDS, self._tell, running)
        began = loop.time()
        try:
            async with self._slots.take(running.kin) as cage:
                completion = await run_job(self._workshop, running, cage)
        finally:
            telling.cancel()
        self._line.note(loop.time() - began)
        self._free_slot(running)
        if completion is not None:
            writer = self._exchange if ends_alone(running.job) else self._workshop.completer
            writer.put(completion, lambda _: self._forget(running))
        elif running.is_lost:
            self._forget(running)
        else:
            await self._hand_back([running])

    def _free_slot(self, ended: RunningJob) -> None:
        """Give the slot of a job that has ended to one that waits, if one does."""
        following = self._line.next(ended.kin)
        if following is None:
            self._free += 1
        else:
            self._tasks.create_task(self._work(following))
        self._wake.set()

    def _tell(self, running: RunningJob) -> None:
        self._workshop.switchboard.notify(JOBS_CHANGED, {str(running.job.lease.job)})

    def _forget(self, running: RunningJob) -> None:
        del self._running[running.job.lease]
        if not self._running:
            self._idle.set()

    async def _hand_back(self, given: list[RunningJob]) -> None:
        """Give jobs back that have been stopped, or not begun; those that have begun may have to be ended."""
        if not given:
            return
        for running in given:
            running.is_torn_down.set()
        session = given[0].job.lease.worker_session
        held = {HeldJob(running.job.lease.job, running.job.lease.attempt): running for running in given}

        async def give() -> tuple[dict[JobId, str], list[HeldJob]]:
            async with self._workshop.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                have_begun = any(running.has_begun for running in given)
                tags = await sessions.hand_back(connection, session, list(held), have_begun=have_begun)
                return tags, await sessions.read_held(connection, session)

        try:
            # Beyond a lease it is of no use: others have the job by then. Nor may the database stay away
            # for ever: this process is to end.
            tags, kept = await asyncio.wait_for(
                until_back(give, "handing jobs back"), self._workshop.settings.lease_seconds
            )
            self._workshop.switchboard.notify(JOBS_DUE, set(tags.values()))
            for job in kept:
                running = held.get(HeldJob(job.job, job.attempt))
                if running is not None:
                    await self._workshop.completer.complete(
                        Completion(running.job.lease, self._outcome_of(job))
                    )
        except TimeoutError:
            log.warning("%d jobs could not be handed back; that is done when the lease is over", len(given))
        for running in given:
            self._forget(running)

    def _outcome_of(self, kept: HeldJob) -> Outcome:
        """What becomes of an attempt that was given up and did not go back to the queue."""
        if kept.canceled_by is not None:
            return canceled(kept.canceled_by, kept.canceled_reason)
        message = f"worker {self._info.worker} ended while it ran this job, which may not be restarted"
        return failure(ErrorName.WORKER_LOST, message)

    async def _look_at_held(self, connection: Connection) -> None:
        # Only what was running before the question is compared: a claim may be answered meanwhile.
        session, running = self._lease.session, list(self._running.values())
        held = await sessions.read_held(connection, session)
        self._compare_held(running, held)
        # A claim that was given up as unanswered may still have been carried out, later. Or one is just
        # being answered: to look once more before the next claim does no harm.
        if self._unknown(session, held):
            self._exchange.is_unsure = True
            self._wake.set()

    def _compare_held(self, running_before: list[RunningJob], held: list[HeldJob]) -> None:
        """Stop what is to be canceled, and what the database no longer says is ours."""
        theirs = {(job.job, job.attempt): job for job in held}
        for running in running_before:
            lease = running.job.lease
            job = theirs.get((lease.job, lease.attempt))
            if job is None or lease.worker_session != self._lease.session:
                running.lose()
            elif job.canceled_by is not None:
                running.cancel(job.canceled_by, job.canceled_reason)

    async def _lose_all(self) -> None:
        """Kill everything; returns when it is dead, or will not die."""
        for running in self._line.take_all():
            running.lose()
            running.is_torn_down.set()
            self._forget(running)
        endings = [asyncio.ensure_future(running.lose_and_wait()) for running in self._running.values()]
        if endings:
            await asyncio.wait(endings, timeout=self._workshop.settings.lease_seconds / 3)

    def _heard_due(self, tag: str) -> None:
        if tag == "" or tag in self._info.tags:
            self._wake.set()

    def _heard_canceled(self, job: str) -> None:
        if job == "" or any(str(lease.job) == job for lease in self._running):
            self._lease.look_now()

    async def _pause(self) -> None:
        poll = asyncio.get_running_loop().call_later(POLL_SECONDS, self._wake.set)
        await self._wake.wait()
        poll.cancel()

    async def _close_session(self) -> None:
        async def close() -> None:
            async with self._workshop.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                await sessions.close(connection, self._lease.session)

        try:
            await asyncio.wait_for(until_back(close, "closing the worker session"), 5)
        except TimeoutError:
            log.warning("the worker session could not be closed; it ends by itself")


def _first(group: ExceptionGroup[Exception]) -> Exception:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
