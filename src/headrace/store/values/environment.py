"""What a workspace adds to the environment of each of its jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.db.queries import load_queries

if TYPE_CHECKING:
    from headrace.db.connection import Connection

SQL = load_queries(__file__, "environment.sql")


async def read_all(connection: Connection, workspace: str) -> dict[str, str]:
    """Names and values."""
    rows = await SQL.list_environment_variables.rows(connection, workspace=workspace)
    return {row["name"]: row["value"] for row in rows}


async def set_one(connection: Connection, workspace: str, name: str, value: str | None) -> None:
    """Give a variable a value, or with None take it away; for admins."""
    if value is None:
        await SQL.delete_environment_variable.run(connection, workspace=workspace, name=name)
    else:
        await SQL.set_environment_variable.run(connection, workspace=workspace, name=name, value=value)
