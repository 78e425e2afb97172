"""What the leader does about blobs, beside its other deeds: a slow store must not keep those waiting."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from headrace.db.connection import connect
from headrace.db.failures import is_outage
from headrace.errors import HeadraceError
from headrace.lifecycle.blobs.move_logs import move_logs
from headrace.lifecycle.blobs.sweep_blobs import sweep_blobs

if TYPE_CHECKING:
    from headrace.blobs.blobs import Blobs
    from headrace.db.connection import Connection, Login

log = logging.getLogger(__name__)

ROUND_SECONDS = 60.0


class BlobKeeper:
    """Moves long logs and removes blobs that nobody refers to, on a connection of its own."""

    def __init__(self, login: Login, blobs: Blobs) -> None:
        self._login = login
        self._blobs = blobs

    async def run(self) -> None:
        """Serve until cancelled. What fails is tried again in the next round."""
        while True:
            try:
                await self._go_round()
            except HeadraceError as error:
                log.warning("blobs are looked after later: %s", error)
            except Exception as error:
                if not is_outage(error):
                    log.exception("blobs could not be looked after")
            await asyncio.sleep(ROUND_SECONDS)

    async def _go_round(self) -> None:
        connection = await connect(self._login, "blobs")
        try:
            await self._sweep(connection)
            await self._move_logs(connection)
        finally:
            connection.terminate()

    async def _sweep(self, connection: Connection) -> None:
        while judged := await sweep_blobs(connection, self._blobs):
            log.info("judged %d doubtful blobs", judged)

    async def _move_logs(self, connection: Connection) -> None:
        while looked_at := await move_logs(connection, self._blobs):
            log.info("moved long logs of %d attempts", looked_at)
