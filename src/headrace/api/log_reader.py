"""Reads logs wherever they lie: in rows, or in blocks in the blob store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.errors import Unavailable
from headrace.lifecycle.blobs.move_logs import read_block
from headrace.model.job import LogBlock, LogChunk
from headrace.store import runs

if TYPE_CHECKING:
    from headrace.blobs.blobs import Blobs
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId


class LogReader:
    """One per server process.

    A block is read while the reader's transaction is open. So that a slow store does not hold all
    connections, no more than ``most_at_once`` blocks are read at a time; beyond it, Unavailable.
    """

    def __init__(self, blobs: Blobs, most_at_once: int) -> None:
        self._blobs = blobs
        self._free = max(most_at_once, 1)

    async def __call__(
        self, connection: Connection, job: JobId, attempt: int, from_start: int = 0, most_chunks: int = 1000
    ) -> list[LogChunk]:
        """Chunks of an attempt's log, from the one that contains ``from_start`` on; empty where unseen.

        Raises Damaged or Unavailable where the blob store fails.
        """
        found = await runs.read_log(connection, job, attempt, from_start, most_chunks)
        if not isinstance(found, LogBlock):
            return found
        if self._free <= 0:
            raise Unavailable("too many logs are read from the blob store at once; try again")
        self._free -= 1
        try:
            return [LogChunk(found.start, await read_block(self._blobs, found.blob))]
        finally:
            self._free += 1
