"""Everything of a kind in a workspace, row by row: for an archive that may be larger than memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.store.scripts import script_of

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record
    from headrace.db.queries import Query
    from headrace.model.script import Script

SQL = load_queries(__file__, "exports.sql")


async def scripts(connection: Connection, workspace: str, owners: list[str] | None) -> AsyncIterator[Script]:
    """The newest versions of the scripts of these owners (None: of all), by path."""
    async for row in _rows(SQL.export_scripts, connection, workspace, owners):
        yield script_of(row)


def resources(connection: Connection, workspace: str, owners: list[str] | None) -> AsyncIterator[Record]:
    """The resources of these owners (None: of all), by path; a value is the JSON text that it came as."""
    return _rows(SQL.export_resources, connection, workspace, owners)


def folders(connection: Connection, workspace: str, owners: list[str] | None) -> AsyncIterator[Record]:
    """The folders that are among these owners (None: all), by name."""
    return _rows(SQL.export_folders, connection, workspace, owners)


async def _rows(
    query: Query, connection: Connection, workspace: str, owners: list[str] | None
) -> AsyncIterator[Record]:
    rows = query.stream(connection, workspace=workspace, every_owner=owners is None, owners=owners or [])
    async for row in rows:
        yield row
