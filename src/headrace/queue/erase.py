"""Finished jobs lose what they were given and gave, or go altogether."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId


async def erase(connection: Connection, job: JobId) -> bool:
    """Erase arguments, result and logs of a finished job; False where there is none the caller may end."""
    return await SQL.erase_run.value(connection, id=job)


async def remove(connection: Connection, jobs: list[JobId]) -> list[JobId]:
    """Remove finished jobs of the caller's workspace; returns which, none of them unless an admin asks."""
    return [row["id"] for row in await SQL.remove_runs.rows(connection, ids=jobs)]
