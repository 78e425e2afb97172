"""Lists of jobs, live and finished, by when they were made; and how many there are."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.model.run import Choice, Position
from headrace.store.run_query import select_position, select_runs
from headrace.store.runs import run_of

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.run import Run, RunFilter

MOST_SCANNED = 10_000
"""How many jobs are looked at for one page where no index helps."""


@dataclass(frozen=True, slots=True)
class RunPage:
    """A part of a list.

    ``next`` is the place that the next part comes after, None where this is the last one. ``stopped_at`` is
    that of the last job looked at, where looking at them one by one had to stop.
    """

    runs: list[Run]
    next: Position | None
    stopped_at: Position | None = None


async def list_runs(
    connection: Connection,
    workspaces: list[str],
    wanted: RunFilter,
    *,
    limit: int,
    offset: int = 0,
    after: Position | None = None,
) -> RunPage:
    """Runs the caller may see, without their large fields.

    Filters that no index helps look at MOST_SCANNED of those that the other filters leave.
    """
    stopped_at = await _scan_end(connection, workspaces, wanted, after) if wanted.is_scan else None
    sql, values = select_runs(workspaces, wanted, limit, offset=offset, after=after, last=stopped_at)
    found = [run_of(row) for row in await connection.fetch(sql, *values)]
    if len(found) == limit:
        return RunPage(found, Position(found[-1].created_at, found[-1].id), stopped_at)
    return RunPage(found, stopped_at, stopped_at)


async def _scan_end(
    connection: Connection, workspaces: list[str], wanted: RunFilter, after: Position | None
) -> Position | None:
    """The last of those to look at; None where there are fewer."""
    indexed = dataclasses.replace(
        wanted,
        args=None,
        result=None,
        text=None,
        tag=_without_patterns(wanted.tag),
        worker=_without_patterns(wanted.worker),
        labels=_without_patterns(wanted.labels),
    )
    sql, values = select_position(workspaces, indexed, MOST_SCANNED, after)
    row = await connection.fetchrow(sql, *values)
    return Position(row["created_at"], row["id"]) if row else None


def _without_patterns(choice: Choice) -> Choice:
    return Choice() if choice.are_patterns else choice
