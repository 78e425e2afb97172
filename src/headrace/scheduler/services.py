"""What the leader does for everybody: jobs for later become due, lost jobs are rescued, old things go.

Scripts whose imports have changed are locked again.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING

from headrace import failpoint
from headrace.clock import monotonic
from headrace.db.failures import retried
from headrace.db.listen import JOBS_CHANGED, JOBS_DUE, JOBS_LATER, LOCKS_CHANGED, Switchboard
from headrace.lifecycle.relock import start_relocks
from headrace.lifecycle.rescue import rescue
from headrace.queue import due, sessions
from headrace.store import kept_results, raw_scripts, trash

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.settings import Settings

log = logging.getLogger(__name__)

CLEANING_SECONDS = 600.0
ROUND_SECONDS = 60.0
"""Longest time for one round of deeds: a connection that takes longer is given up."""


class Services:
    """The leader's deeds, one after another on one connection."""

    def __init__(self, switchboard: Switchboard, settings: Settings) -> None:
        """A new leader waits one lease before it declares workers lost.

        After an outage every lease is over by the database's clock; whoever is alive renews within
        one lease.
        """
        self._switchboard = switchboard
        self._judge_after = settings.lease_seconds
        self._rescue_seconds = settings.rescue_seconds
        self._began_at = self._rescued_at = self._cleaned_at = -inf
        self._wake = asyncio.Event()
        for channel in (JOBS_LATER, LOCKS_CHANGED):
            switchboard.listen(channel, lambda _: self._wake.set())

    async def run(self, connection: Connection) -> None:
        """Serve until cancelled or until the connection breaks."""
        self._began_at = monotonic()
        self._rescued_at = self._cleaned_at = -inf
        while True:
            self._wake.clear()
            async with asyncio.timeout(ROUND_SECONDS):
                await self._go_round(connection, monotonic())
                seconds = await due.seconds_to_next(connection)
            await self._nap(seconds)

    async def _go_round(self, connection: Connection, now: float) -> None:
        await self._release_due(connection)
        await self._start_relocks(connection)
        if now - self._rescued_at >= self._rescue_seconds:
            self._rescued_at = now
            if now - self._began_at >= self._judge_after:
                await self._end_expired(connection)
            await self._rescue(connection)
        if now - self._cleaned_at >= CLEANING_SECONDS:
            self._cleaned_at = now
            await connection.execute("select extend_job_history()")
            await due.clean(connection)
            await raw_scripts.clean(connection)
            await self._erase_trash(connection)
            await self._delete_expired_results(connection)

    async def _release_due(self, connection: Connection) -> None:
        while tags := await due.release_due(connection):
            self._switchboard.notify(JOBS_DUE, tags)

    async def _start_relocks(self, connection: Connection) -> None:
        async def transaction() -> set[str]:
            async with connection.transaction():
                tags = await start_relocks(connection)
                if tags:
                    await failpoint.reach("relock_before_commit")
                return tags

        self._switchboard.notify(JOBS_DUE, await retried(transaction))

    async def _end_expired(self, connection: Connection) -> None:
        for worker in await sessions.end_expired(connection):
            log.error("worker %s did not renew its lease and is taken for lost", worker)

    async def _rescue(self, connection: Connection) -> None:
        async with connection.transaction():
            rescued = await rescue(connection)
        self._switchboard.notify(JOBS_DUE, rescued.due_tags)
        self._switchboard.notify(JOBS_CHANGED, {str(job.id) for job in rescued.jobs})

    async def _erase_trash(self, connection: Connection) -> None:
        while erased := await trash.erase_expired(connection):
            log.info("erased %d items of the trash bin", erased)

    async def _delete_expired_results(self, connection: Connection) -> None:
        while await kept_results.delete_expired(connection):
            pass

    async def _nap(self, seconds_to_next: float | None) -> None:
        longest = self._rescue_seconds
        nap = longest if seconds_to_next is None else min(max(seconds_to_next, 0.005), longest)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), nap)
