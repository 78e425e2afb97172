"""Marks on failures that somebody has dealt with. What became of the job stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId


async def resolve(
    connection: Connection, workspace: str, jobs: list[JobId], username: str, note: str | None
) -> list[JobId]:
    """Mark failed and canceled jobs; returns those that had no mark before."""
    rows = await SQL.resolve_runs.rows(
        connection, workspace=workspace, ids=jobs, username=username, note=note
    )
    return [row["id"] for row in rows]


async def unresolve(connection: Connection, workspace: str, jobs: list[JobId]) -> list[JobId]:
    """Take marks away; returns the jobs that had one."""
    return [row["id"] for row in await SQL.unresolve_runs.rows(connection, workspace=workspace, ids=jobs)]
