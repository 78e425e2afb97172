"""A worker takes jobs and has none to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.queue.exchange import Author, exchange

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.job import ClaimedJob

_NOBODY = Author("", "")


async def claim(connection: Connection, worker_session: int, tags: list[str], slots: int) -> list[ClaimedJob]:
    """Take at most ``slots`` due jobs of these tags, best first."""
    return (await exchange(connection, worker_session, [], _NOBODY, tags=tags, slots=slots)).claimed
