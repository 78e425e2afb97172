"""Resources: JSON values at paths, among them the state that scripts keep."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from headrace.db.queries import load_queries
from headrace.errors import Conflict, NotFound

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record

SQL = load_queries(__file__, "resources.sql")

STATE = "state"
"""The type of what scripts keep between their runs."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource; ``value`` is a JSON text, or None where none was given or asked for.

    ``is_linked`` says that the value refers to the variable at the same path.
    """

    path: str
    value: str | None
    resource_type: str
    description: str
    labels: list[str]
    extra_perms: dict[str, bool]
    created_by: str
    edited_at: datetime
    is_linked: bool


@dataclass(frozen=True, slots=True)
class ResourceFilter:
    """Which resources are wanted; None narrows nothing. ``owners`` are the first two parts of paths.

    ``description``, ``value`` (as JSON text) and ``anywhere`` are parts of texts, in any case.
    """

    owners: list[str] | None = None
    types: list[str] | None = None
    types_exclude: list[str] | None = None
    path: str | None = None
    path_start: str | None = None
    label: str | None = None
    description: str | None = None
    value: str | None = None
    anywhere: str | None = None


async def read(connection: Connection, workspace: str, path: str) -> Resource | None:
    """One resource; None where there is none to see."""
    row = await SQL.read_resource.row(connection, workspace=workspace, path=path)
    return None if row is None else resource_of(row)


async def lock(connection: Connection, workspace: str, path: str) -> Resource | None:
    """The same; nobody else changes it until the transaction ends. None where one may not change it."""
    row = await SQL.lock_resource.row(connection, workspace=workspace, path=path)
    return None if row is None else resource_of(row)


async def list_all(
    connection: Connection,
    workspace: str,
    wanted: ResourceFilter,
    *,
    limit: int,
    offset: int,
    with_values: bool = False,
) -> list[Resource]:
    """Resources by path."""
    rows = await SQL.list_resources.rows(
        connection,
        workspace=workspace,
        limit=limit,
        offset=offset,
        with_values=with_values,
        **asdict(wanted),
    )
    return [resource_of(row) for row in rows]


async def list_beginnings(
    connection: Connection, workspace: str, owners: list[str] | None, *, most_characters: int, limit: int
) -> list[tuple[str, str, bool]]:
    """Path, beginning of the value, and whether it goes on, of resources that are no state."""
    rows = await SQL.list_resource_beginnings.rows(
        connection, workspace=workspace, owners=owners, most_characters=most_characters, limit=limit
    )
    return [(row["path"], row["value"] or "", bool(row["truncated"])) for row in rows]


async def count_by_type(
    connection: Connection, workspace: str, owners: list[str] | None
) -> list[tuple[str, int]]:
    """How many resources of each type there are to see."""
    rows = await SQL.count_resource_types.rows(connection, workspace=workspace, owners=owners)
    return [(row["resource_type"], row["count"]) for row in rows]


async def add(  # noqa: PLR0913 - the columns of a resource
    connection: Connection,
    workspace: str,
    path: str,
    *,
    value: str | None,
    resource_type: str,
    description: str,
    labels: list[str],
    username: str,
) -> bool:
    """Make a resource; False where the path is taken."""
    return bool(
        await SQL.add_resource.count(
            connection,
            workspace=workspace,
            path=path,
            value=value,
            resource_type=resource_type,
            description=description,
            labels=labels,
            username=username,
        )
    )


async def change(connection: Connection, workspace: str, path: str, changed: Resource, username: str) -> None:
    """Make the resource at a path like ``changed``, its path too; raises Conflict where that is taken."""
    try:
        await SQL.change_resource.run(
            connection,
            workspace=workspace,
            path=path,
            new_path=changed.path,
            value=changed.value,
            resource_type=changed.resource_type,
            description=changed.description,
            labels=changed.labels,
            username=username,
        )
    except asyncpg.UniqueViolationError:
        raise Conflict(f"resource {changed.path} exists already") from None


async def set_value(connection: Connection, workspace: str, path: str, value: str, username: str) -> None:
    """Give a resource another value; raises NotFound."""
    changed = await SQL.set_value.value(
        connection, workspace=workspace, path=path, value=value, username=username
    )
    if changed is None:
        raise NotFound(f"resource {path} does not exist, or you may not change it")


async def delete(connection: Connection, workspace: str, path: str) -> bool:
    """Remove a resource; False where there is none that one may remove."""
    return bool(await SQL.delete_resource.count(connection, workspace=workspace, path=path))


def resource_of(row: Record) -> Resource:
    """A resource from a row of a query here."""
    return Resource(
        path=row["path"],
        value=row["value"],
        resource_type=row["resource_type"],
        description=row["description"],
        labels=row["labels"],
        extra_perms=json.loads(row["extra_perms"]),
        created_by=row["created_by"],
        edited_at=row["edited_at"],
        is_linked=row["is_linked"],
    )
