"""How many jobs there are, among those one may see: exact up to a bound, so that it costs little to ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries

if TYPE_CHECKING:
    from headrace.db.connection import Connection

SQL = load_queries(__file__, "run_counts.sql")

MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; at least so many where it is not exact."""

    number: int
    is_exact: bool


async def count_queue(connection: Connection, workspaces: list[str]) -> tuple[Count, Count]:
    """Jobs that wait for a worker, and those suspended."""
    row = await SQL.count_queue.row(connection, workspaces=workspaces, most=MOST_COUNTED + 1)
    return (_count(row["waiting"]), _count(row["suspended"])) if row else (_count(0), _count(0))


async def count_before(connection: Connection, workspace: str, before: datetime) -> Count:
    """Jobs that wait for a worker and are due before an instant."""
    return _count(
        await SQL.count_before.value(connection, workspace=workspace, before=before, most=MOST_COUNTED + 1)
    )


async def count_finished(
    connection: Connection,
    workspaces: list[str],
    *,
    seconds: float | None = None,
    success: bool | None = None,
    tags: list[str] | None = None,
) -> Count:
    """Finished jobs: of the last ``seconds``, that went well or did not, of some tags; None for any."""
    return _count(
        await SQL.count_finished.value(
            connection,
            workspaces=workspaces,
            seconds=seconds,
            success=success,
            tags=tags,
            most=MOST_COUNTED + 1,
        )
    )


async def count_by_tag(connection: Connection, seconds: float, workspace: str | None) -> dict[str, int]:
    """Jobs that ended in the last ``seconds`` by tag, of one workspace or, with None, of all."""
    rows = await SQL.count_by_tag.rows(connection, seconds=seconds, workspace=workspace)
    return {row["tag"]: row["count"] for row in rows}


def _count(found: int) -> Count:
    return Count(min(found, MOST_COUNTED), found <= MOST_COUNTED)
