"""Types of resources: a name and the JSON schema of values. Those of the workspace admins are for all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.errors import Conflict

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record

SQL = load_queries(__file__, "resource_types.sql")


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type; ``schema`` is a JSON text. Values of one with a ``format_extension`` are files."""

    workspace: str
    name: str
    schema: str | None
    description: str
    display_name: str | None
    format_extension: str | None
    is_fileset: bool
    created_by: str
    edited_at: datetime


async def read(connection: Connection, workspace: str, name: str) -> ResourceType | None:
    """A type by name, the workspace's own or one for all; None where there is none."""
    row = await SQL.read_resource_type.row(connection, workspace=workspace, name=name)
    return None if row is None else _type(row)


async def list_all(connection: Connection, workspace: str) -> list[ResourceType]:
    """The types that can be used in a workspace, by name."""
    return [_type(row) for row in await SQL.list_resource_types.rows(connection, workspace=workspace)]


async def add(  # noqa: PLR0913 - the columns of a type
    connection: Connection,
    workspace: str,
    name: str,
    *,
    schema: str | None,
    description: str,
    display_name: str | None,
    format_extension: str | None,
    is_fileset: bool,
    username: str,
) -> None:
    """Make a type of a workspace; raises Conflict where it has one of that name."""
    added = await SQL.add_resource_type.count(
        connection,
        workspace=workspace,
        name=name,
        schema=schema,
        description=description,
        display_name=display_name,
        format_extension=format_extension,
        is_fileset=is_fileset,
        username=username,
    )
    if not added:
        raise Conflict(f"resource type {name} exists already")


async def change(connection: Connection, changed: ResourceType) -> bool:
    """Make a type like ``changed``; False where one may not."""
    written = await SQL.change_resource_type.count(
        connection,
        workspace=changed.workspace,
        name=changed.name,
        schema=changed.schema,
        description=changed.description,
        display_name=changed.display_name,
        format_extension=changed.format_extension,
        is_fileset=changed.is_fileset,
    )
    return bool(written)


async def delete(connection: Connection, workspace: str, name: str) -> bool:
    """Remove a type; False where one may not."""
    return bool(await SQL.delete_resource_type.count(connection, workspace=workspace, name=name))


def _type(row: Record) -> ResourceType:
    return ResourceType(
        workspace=row["workspace_id"],
        name=row["name"],
        schema=row["schema"],
        description=row["description"],
        display_name=row["display_name"],
        format_extension=row["format_extension"],
        is_fileset=row["is_fileset"],
        created_by=row["created_by"],
        edited_at=row["edited_at"],
    )
