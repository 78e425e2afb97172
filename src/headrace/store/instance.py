"""What the database tells about the installation itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries

if TYPE_CHECKING:
    from headrace.db.connection import Connection

SQL = load_queries(__file__, "instance.sql")


@dataclass(frozen=True, slots=True)
class Workers:
    """The workers that renew their leases."""

    active: int
    groups: list[str]
    versions: list[str]


async def count_live_workers(connection: Connection) -> int:
    """How many workers renew their leases; no identity is needed to ask."""
    return await SQL.count_live_workers.value(connection)


async def describe_workers(connection: Connection) -> Workers:
    """Which workers renew their leases; no identity is needed to ask."""
    row = await SQL.describe_workers.row(connection)
    if row is None:
        raise AssertionError("an aggregate has a row")
    return Workers(row["active"], row["worker_groups"], row["versions"])


async def count_jobs(connection: Connection) -> tuple[int, int]:
    """Jobs of all workspaces that wait and that run; whether the caller may know is theirs to check."""
    row = await SQL.count_jobs.row(connection)
    if row is None:
        raise AssertionError("an aggregate has a row")
    return row["pending"], row["running"]


async def read_clock(connection: Connection) -> int:
    """The database's clock, in milliseconds since 1970."""
    return await SQL.read_clock.value(connection)
