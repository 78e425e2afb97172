"""Everything of a kind in a workspace, row by row: for an archive that may be larger than memory.

Each takes the owners of paths, such as ``f/reports``, or None for all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.store.scripts import script_of
from headrace.store.values.resources import resource_of
from headrace.store.values.variables import variable_of

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record
    from headrace.db.queries import Query
    from headrace.model.script import Script
    from headrace.store.values.resources import Resource
    from headrace.store.values.variables import Variable

SQL = load_queries(__file__, "exports.sql")


async def scripts(connection: Connection, workspace: str, owners: list[str] | None) -> AsyncIterator[Script]:
    """The newest versions of scripts, by path."""
    async for row in _rows(SQL.export_scripts, connection, workspace, owners):
        yield script_of(row)


async def resources(
    connection: Connection, workspace: str, owners: list[str] | None
) -> AsyncIterator[Resource]:
    """Resources with their values, by path; states are left out."""
    async for row in _rows(SQL.export_resources, connection, workspace, owners):
        yield resource_of(row)


async def variables(
    connection: Connection, workspace: str, owners: list[str] | None
) -> AsyncIterator[Variable]:
    """Variables by path."""
    async for row in _rows(SQL.export_variables, connection, workspace, owners):
        yield variable_of(row)


async def _rows(
    query: Query, connection: Connection, workspace: str, owners: list[str] | None
) -> AsyncIterator[Record]:
    rows = query.stream(connection, workspace=workspace, every_owner=owners is None, owners=owners or [])
    async for row in rows:
        yield row
