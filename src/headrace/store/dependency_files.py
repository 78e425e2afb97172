"""The workspace's files of dependencies: requirements that scripts share by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from headrace.db.queries import load_queries
from headrace.errors import Conflict

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record

SQL = load_queries(__file__, "dependency_files.sql")

UNNAMED = "default"
"""What scripts call the file without a name."""


@dataclass(frozen=True, slots=True)
class DependencyFile:
    """One version of a file; ``name`` is None for the one without a name."""

    id: int
    workspace: str
    language: str
    name: str | None
    description: str
    content: str
    archived: bool
    created_by: str
    created_at: datetime


async def add(
    connection: Connection,
    workspace: str,
    language: str,
    name: str | None,
    *,
    content: str,
    description: str,
    created_by: str,
) -> int:
    """Store a file, or a new version of it, and return its id. Raises Conflict where another came first."""
    await archive(connection, workspace, language, name)
    try:
        return await SQL.add_file.value(
            connection,
            workspace=workspace,
            language=language,
            name=name or "",
            description=description,
            content=content,
            created_by=created_by,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict("the file was changed by somebody else at the same moment; try again") from error


async def archive(connection: Connection, workspace: str, language: str, name: str | None) -> bool:
    """Take a file out of use; its versions stay. False where there is none."""
    found = await SQL.archive_file.value(connection, workspace=workspace, language=language, name=name or "")
    return found is not None


async def delete(connection: Connection, workspace: str, language: str, name: str | None) -> bool:
    """Remove a file with all its versions. False where there is none."""
    rows = await SQL.delete_file.rows(connection, workspace=workspace, language=language, name=name or "")
    return bool(rows)


async def read(
    connection: Connection, workspace: str, language: str, name: str | None
) -> DependencyFile | None:
    """The newest version of a file; None where there is none in use."""
    row = await SQL.read_file.row(connection, workspace=workspace, language=language, name=name or "")
    return _file(row) if row else None


async def list_all(connection: Connection, workspace: str) -> list[DependencyFile]:
    """The newest versions of a workspace's files, by language and name."""
    return [_file(row) for row in await SQL.list_files.rows(connection, workspace=workspace)]


async def list_of_all_workspaces(connection: Connection) -> list[DependencyFile]:
    """The same of all workspaces that one may see."""
    return [_file(row) for row in await SQL.list_files_of_all.rows(connection)]


async def read_contents(connection: Connection, workspace: str, language: str) -> dict[str, str]:
    """The content of each file of a language, by the name that scripts have for it."""
    rows = await SQL.read_contents.rows(connection, workspace=workspace, language=language)
    return {row["name"] or UNNAMED: row["content"] for row in rows}


def _file(row: Record) -> DependencyFile:
    return DependencyFile(
        id=row["id"],
        workspace=row["workspace_id"],
        language=row["language"],
        name=row["name"] or None,
        description=row["description"],
        content=row["content"],
        archived=row["archived"],
        created_by=row["created_by"],
        created_at=row["created_at"],
    )
