"""Groups of a workspace's members."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from headrace.db.queries import load_queries
from headrace.errors import Conflict, InvalidInput, NotFound

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record

SQL = load_queries(__file__, "groups.sql")

ALL = "all"
"""The group that everybody in a workspace belongs to."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group. ``extra_perms`` maps ``u/<user>`` or ``g/<group>`` to true where they manage it."""

    name: str
    summary: str
    members: tuple[str, ...]
    extra_perms: dict[str, bool]


async def add(
    connection: Connection,
    workspace: str,
    name: str,
    summary: str,
    extra_perms: dict[str, bool] | None = None,
) -> None:
    """Make a group; raises Conflict where the name is taken."""
    added = await SQL.add_group.value(
        connection,
        workspace=workspace,
        name=name,
        summary=summary,
        extra_perms=json.dumps(extra_perms or {}),
    )
    if added is None:
        raise Conflict(f"group {name} exists already")


async def list_all(connection: Connection, workspace: str, *, limit: int, offset: int) -> list[Group]:
    """The groups of a workspace, by name."""
    rows = await SQL.list_groups.rows(connection, workspace=workspace, most=limit, skip=offset)
    return [_group_of(row) for row in rows]


async def list_names(connection: Connection, workspace: str) -> list[str]:
    """The names of all groups of a workspace."""
    return [row["name"] for row in await SQL.list_group_names.rows(connection, workspace=workspace)]


async def read(connection: Connection, workspace: str, name: str) -> Group:
    """One group; raises NotFound."""
    row = await SQL.read_group.row(connection, workspace=workspace, name=name)
    if row is None:
        raise _missing(name)
    return _group_of(row)


async def set_summary(connection: Connection, workspace: str, name: str, summary: str) -> None:
    """Say what a group is for; raises NotFound."""
    if await SQL.set_summary.value(connection, workspace=workspace, name=name, summary=summary) is None:
        raise _missing(name)


async def add_member(connection: Connection, workspace: str, name: str, username: str) -> None:
    """Put a member of the workspace into a group; who is in it already stays so. Raises InvalidInput."""
    try:
        await SQL.add_group_member.value(connection, workspace=workspace, name=name, username=username)
    except asyncpg.ForeignKeyViolationError:
        raise InvalidInput("username", f"there is no user {username} in this workspace") from None


async def remove_member(connection: Connection, workspace: str, name: str, username: str) -> None:
    """Take somebody out of a group; raises NotFound where they are not in it."""
    removed = await SQL.remove_group_member.value(
        connection, workspace=workspace, name=name, username=username
    )
    if removed is None:
        raise NotFound(f"user {username} is not in group {name}")


async def remove(connection: Connection, name: str) -> None:
    """Remove a group of the caller's workspace, also from all rights; raises NotFound."""
    if not await SQL.remove_group.value(connection, name=name):
        raise _missing(name)


def _missing(name: str) -> NotFound:
    return NotFound(f"group {name} does not exist in this workspace")


def _group_of(row: Record) -> Group:
    return Group(
        name=row["name"],
        summary=row["summary"],
        members=tuple(row["members"]),
        extra_perms=json.loads(row["extra_perms"]),
    )
