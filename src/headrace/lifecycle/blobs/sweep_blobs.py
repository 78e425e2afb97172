"""Removes blobs that nobody refers to: left by a death between put and commit, or let go by their row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.store.blobs import doubtful_blobs

if TYPE_CHECKING:
    from headrace.blobs.blobs import Blobs
    from headrace.db.connection import Connection


async def sweep_blobs(connection: Connection, blobs: Blobs) -> int:
    """Judge what is due and remove what nobody needs; how many were judged, at most a hundred.

    Where the store fails, nothing is settled and the same is done again later. For workers' connections.
    """
    async with connection.transaction():
        verdicts = await doubtful_blobs.judge(connection)
        await blobs.delete(verdicts.unused)
        await doubtful_blobs.settle(connection, verdicts)
    return len(verdicts.used) + len(verdicts.open) + len(verdicts.unused)
