"""What the database tells about the installation itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.db.queries import load_queries

if TYPE_CHECKING:
    from headrace.db.connection import Connection

SQL = load_queries(__file__, "instance.sql")


async def count_live_workers(connection: Connection) -> int:
    """How many workers renew their leases; no identity is needed to ask."""
    return await SQL.count_live_workers.value(connection)


async def read_clock(connection: Connection) -> int:
    """The database's clock, in milliseconds since 1970."""
    return await SQL.read_clock.value(connection)
