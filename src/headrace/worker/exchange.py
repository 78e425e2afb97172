"""The worker's conversation with the queue: ends of attempts go and jobs come, in one round trip.

Nobody waits for a batch to fill: while one turn is under way the next collects. An end that can't be written
in passing (somebody is changing the job's row, a value can't be stored, the answer got lost) is left to the
completer, which takes its time; no claim waits for that.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from headrace import failpoint
from headrace.db.connection import connect_by_key
from headrace.db.failures import is_outage
from headrace.db.listen import JOBS_CHANGED
from headrace.lifecycle.finish import finish_alone_and_claim
from headrace.worker.completer import End

if TYPE_CHECKING:
    from headrace.db.connection import Login, OwnConnection
    from headrace.db.listen import Switchboard
    from headrace.model.job import ClaimedJob, FinishedJob
    from headrace.queue.exchange import Completion
    from headrace.worker.completer import Completer, Settled
    from headrace.worker.lease import LeaseKeeper

log = logging.getLogger(__name__)


class Exchange:
    """One per worker process, on a connection of its own.

    ``is_unsure`` says that jobs may have been claimed that this process knows nothing of: it is set here, and
    taken back by whoever has looked.
    """

    def __init__(
        self,
        login: Login,
        tags: list[str],
        lease: LeaseKeeper,
        completer: Completer,
        switchboard: Switchboard,
    ) -> None:
        self._login = login
        self._tags = tags
        self._author = completer.author
        self._lease = lease
        self._completer = completer
        self._switchboard = switchboard
        self._connection: OwnConnection | None = None
        self._ends: list[End] = []
        self._is_closed = False
        self.is_unsure = False

    @property
    def has_ends(self) -> bool:
        """Whether ends wait for the next turn."""
        return bool(self._ends)

    def put(self, completion: Completion, settled: Settled) -> None:
        """Have the end of a job that ends alone written in the next turn; tells whether it was still held."""
        if self._is_closed:
            self._completer.put(completion, settled)
        else:
            self._ends.append(End(completion, settled))

    async def turn(self, slots: int) -> list[ClaimedJob]:
        """Write what has ended and claim at most ``slots`` jobs; none where the database is away."""
        ends, self._ends = self._ends, []
        session = self._lease.session
        try:
            ended, claimed = await self._ask(session, ends, slots)
        except Exception as error:
            self._leave(ends)
            self._hang_up()
            if is_outage(error):
                log.warning("can't claim jobs: the database is away (%s)", type(error).__name__)
                # The claim may have happened although its answer got lost.
                self.is_unsure = True
            elif ends:
                log.warning("the ends of %d jobs can't be stored: %s", len(ends), type(error).__name__)
            else:
                raise
            return []
        self._settle(ends, ended)
        if claimed and not self._lease.is_sure(session):
            log.error("%d jobs were claimed too long ago to be begun", len(claimed))
            self.is_unsure = True
            return []
        return claimed

    def close(self) -> None:
        """Claim no more, and leave all ends to the completer from now on."""
        self._is_closed = True
        ends, self._ends = self._ends, []
        self._leave(ends)
        self._hang_up()

    async def _ask(
        self, session: int, ends: list[End], slots: int
    ) -> tuple[list[FinishedJob], list[ClaimedJob]]:
        if ends:
            await failpoint.reach("complete")
        if slots:
            await failpoint.reach("claim")
        # What is claimed later than that can't be begun any more.
        async with asyncio.timeout(self._lease.seconds):
            if self._connection is None:
                self._connection = await connect_by_key(self._login, "exchange")
            completions = [end.completion for end in ends]
            exchanged = await finish_alone_and_claim(
                self._connection, session, self._author, completions, tags=self._tags, slots=slots
            )
        return exchanged.ended, exchanged.claimed

    def _settle(self, ends: list[End], ended: list[FinishedJob]) -> None:
        gone = {job.id for job in ended}
        self._switchboard.notify(JOBS_CHANGED, {str(job) for job in gone})
        for end in ends:
            if end.completion.lease.job in gone:
                end.settled(True)  # noqa: FBT003 - it was written
            else:
                self._completer.put(end.completion, end.settled)

    def _leave(self, ends: list[End]) -> None:
        for end in ends:
            self._completer.put(end.completion, end.settled)

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
