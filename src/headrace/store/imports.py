"""The map of who imports whom: what the newest version of each path imports."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries

if TYPE_CHECKING:
    from headrace.db.connection import Connection

SQL = load_queries(__file__, "imports.sql")


@dataclass(frozen=True, slots=True)
class Import:
    """One row of the map. ``kind`` is the importer's: script, flow or app."""

    kind: str
    importer: str
    imported: str


@dataclass(frozen=True, slots=True)
class Source:
    """The newest version of a path, as far as it decides the map."""

    path: str
    content: str
    language: str
    created_by: str


async def replace(connection: Connection, workspace: str, path: str, imported: Collection[str]) -> None:
    """Note what a script's newest version imports, instead of what was noted before."""
    await SQL.delete_imports.run(connection, workspace=workspace, path=path)
    await SQL.add_imports.run(connection, workspace=workspace, path=path, imported=sorted(imported))


async def clear(connection: Connection, workspace: str) -> None:
    """Forget what all scripts import."""
    await SQL.clear_imports.run(connection, workspace=workspace)


async def list_all(connection: Connection, workspace: str) -> list[Import]:
    """The map as far as one may read both ends, at most 10,000 rows, by importer."""
    rows = await SQL.list_imports.rows(connection, workspace=workspace)
    return [Import(row["importer_kind"], row["importer_path"], row["imported_path"]) for row in rows]


async def list_dependents(connection: Connection, workspace: str, paths: Collection[str]) -> list[Import]:
    """Who imports these paths directly, among those one may read, at most 10,000 rows."""
    rows = await SQL.list_dependents.rows(connection, workspace=workspace, paths=sorted(paths))
    return [Import(row["importer_kind"], row["importer_path"], row["imported_path"]) for row in rows]


async def read_sources(connection: Connection, workspace: str, after: str) -> list[Source]:
    """Up to 500 scripts behind the path ``after``, by path."""
    rows = await SQL.read_sources.rows(connection, workspace=workspace, after=after)
    return [Source(row["path"], row["content"], row["language"], row["created_by"]) for row in rows]


async def find_alike(connection: Connection, workspace: str, paths: Collection[str]) -> list[str]:
    """Paths with ``-`` or ``.`` that may be meant by these, which can't have any; at most ten."""
    alike = sorted({path.replace("-", "_").replace(".", "_") for path in paths})
    return [row["path"] for row in await SQL.find_alike.rows(connection, workspace=workspace, alike=alike)]
