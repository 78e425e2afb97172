"""Keeps the worker's session alive, on a connection of its own, and says when it has been lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from headrace import failpoint
from headrace.clock import monotonic
from headrace.db.connection import Login, connect
from headrace.db.failures import is_outage, until_back
from headrace.queue import sessions

if TYPE_CHECKING:
    from headrace.db.connection import Connection, OwnConnection
    from headrace.queue.sessions import WorkerInfo
    from headrace.settings import Settings

log = logging.getLogger(__name__)

_RETRY_SECONDS = 0.5


class LeaseKeeper:
    """Renews a session, opens another when it was lost.

    ``on_lost`` is called when this worker can no longer be sure of its jobs: the session has been
    ended by somebody else, or it could not be renewed for a whole lease. Every job must be killed
    then, and is when it returns. ``look`` is called after each renewal, to compare what runs with what
    the database says.
    """

    def __init__(
        self,
        login: Login,
        info: WorkerInfo,
        settings: Settings,
        on_lost: Callable[[], Awaitable[None]],
        look: Callable[[Connection], Awaitable[None]],
    ) -> None:
        self._login = login
        self._info = info
        self._lease_seconds = settings.lease_seconds
        self._renewal_seconds = settings.renewal_seconds
        self._on_lost = on_lost
        self._look = look
        self._look_now = asyncio.Event()
        self._renewed_at = 0.0
        self._is_over = False
        self._renewed = asyncio.Event()
        self._changing = asyncio.Lock()
        self.session = 0

    @property
    def seconds(self) -> float:
        """How long a lease lasts."""
        return self._lease_seconds

    async def open(self) -> None:
        """Begin the first session."""
        self.session = await until_back(self._open, "opening a worker session")

    def is_sure(self, session: int) -> bool:
        """Whether nobody else can have been given this session's jobs."""
        is_over = self._is_over or monotonic() - self._renewed_at >= self._lease_seconds
        return session == self.session and not is_over

    def look_now(self) -> None:
        """Ask the database about the jobs held without waiting for the next renewal."""
        self._look_now.set()

    async def run(self) -> None:
        """Renew until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            tasks.create_task(self._renew_for_ever())

    async def _watch(self) -> NoReturn:
        """Kill everything after a whole lease without the database: by then others may run it.

        By the clock alone, because an attempt to reach the database may hang for longer.
        """
        while True:
            left = self._renewed_at + self._lease_seconds - monotonic()
            if left > 0 and not self._is_over:
                await asyncio.sleep(left)
                continue
            async with self._changing:
                log.error("no word from the database for a whole lease; this worker's jobs are killed")
                self._is_over = True
                self._renewed.clear()
                await self._on_lost()
            await self._renewed.wait()

    async def _renew_for_ever(self) -> NoReturn:
        while True:
            try:
                connection = await connect(self._login, "lease")
                try:
                    await self._renew_while_connected(connection)
                finally:
                    connection.terminate()
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("the lease can't be renewed: the database is away (%s)", type(error).__name__)
            await asyncio.sleep(min(_RETRY_SECONDS, self._renewal_seconds))

    async def _renew_while_connected(self, connection: OwnConnection) -> NoReturn:
        while True:
            self._look_now.clear()
            async with asyncio.timeout(self._lease_seconds / 3):
                await self._renew(connection)
            async with asyncio.timeout(self._lease_seconds / 3):
                await self._look(connection)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), self._renewal_seconds)

    async def _renew(self, connection: OwnConnection) -> None:
        await failpoint.reach("renew")
        asked_at = monotonic()
        async with self._changing:
            if self._is_over:
                # Its jobs are dead by now; with its end others may have them.
                await sessions.close(connection, self.session)
            elif await sessions.renew(connection, self.session, self._lease_seconds):
                self._renewed_at = asked_at
                return
            else:
                log.error("this worker was taken for lost; its jobs are killed")
                await self._on_lost()
            asked_at = monotonic()
            self.session = await sessions.open_session(connection, self._info, self._lease_seconds)
            self._renewed_at = asked_at
            self._is_over = False
            self._renewed.set()

    async def _open(self) -> int:
        connection = await connect(self._login, "lease")
        self._renewed_at = monotonic()
        try:
            return await sessions.open_session(connection, self._info, self._lease_seconds)
        finally:
            await connection.close(timeout=1)
