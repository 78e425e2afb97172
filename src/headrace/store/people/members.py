"""Members: users in a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from headrace.db.queries import load_queries
from headrace.errors import Conflict, InvalidInput, NotFound
from headrace.store.people import groups

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record

SQL = load_queries(__file__, "members.sql")


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a workspace, with the paths that are theirs to read, to write and to share."""

    username: str
    email: str
    name: str | None
    is_admin: bool
    is_superadmin: bool
    operator: bool
    disabled: bool
    created_at: datetime
    groups: tuple[str, ...]
    readable: tuple[str, ...]
    writable: tuple[str, ...]
    owned: tuple[str, ...]


async def add(
    connection: Connection,
    workspace: str,
    username: str,
    email: str,
    *,
    is_admin: bool = False,
    operator: bool = False,
) -> None:
    """Make a user a member, and so of the group ``all``.

    Raises Conflict where name or email is there, InvalidInput where the instance has no such user.
    """
    try:
        added = await SQL.add_member.value(
            connection,
            workspace=workspace,
            username=username,
            email=email,
            is_admin=is_admin,
            operator=operator,
        )
    except asyncpg.ForeignKeyViolationError:
        raise InvalidInput("email", f"there is no user {email} on this instance") from None
    if added is None:
        raise Conflict(f"{username} or {email} is a member of workspace {workspace} already")
    await groups.add_member(connection, workspace, groups.ALL, username)


async def list_all(connection: Connection) -> list[Member]:
    """The members of the caller's workspace, by name."""
    return [_member_of(row) for row in await SQL.describe_members.rows(connection, username=None)]


async def read(connection: Connection, username: str) -> Member | None:
    """One member of the caller's workspace; None where there is none."""
    row = await SQL.describe_members.row(connection, username=username)
    return _member_of(row) if row else None


async def list_usernames(connection: Connection, workspace: str) -> list[str]:
    """The names of the members of a workspace."""
    return [row["username"] for row in await SQL.list_usernames.rows(connection, workspace=workspace)]


async def email_of(connection: Connection, workspace: str, username: str) -> str:
    """Whose name this is; raises NotFound."""
    email = await SQL.email_of.value(connection, workspace=workspace, username=username)
    if email is None:
        raise missing(username)
    return email


async def exists_username(connection: Connection, workspace: str, username: str) -> bool:
    """Whether a name is taken, in a workspace one may see."""
    return await SQL.exists_username.value(connection, workspace=workspace, username=username)


async def change(
    connection: Connection,
    workspace: str,
    username: str,
    *,
    is_admin: bool | None,
    operator: bool | None,
    disabled: bool | None,
) -> None:
    """Change what is not None, for admins; raises NotFound."""
    changed = await SQL.change_member.value(
        connection,
        workspace=workspace,
        username=username,
        is_admin=is_admin,
        operator=operator,
        disabled=disabled,
    )
    if changed is None:
        raise missing(username)


async def remove(connection: Connection, username: str) -> None:
    """Remove a member of the caller's workspace from it and from all rights; raises NotFound."""
    if not await SQL.remove_member.value(connection, username=username):
        raise missing(username)


def missing(username: str) -> NotFound:
    """What to raise where there is no such member."""
    return NotFound(f"user {username} does not exist in this workspace")


def _member_of(row: Record) -> Member:
    return Member(
        username=row["username"],
        email=row["email"],
        name=row["name"],
        is_admin=row["is_admin"],
        is_superadmin=row["super_admin"],
        operator=row["operator"],
        disabled=row["disabled"],
        created_at=row["created_at"],
        groups=tuple(row["groups"]),
        readable=tuple(row["readable"]),
        writable=tuple(row["writable"]),
        owned=tuple(row["owned"]),
    )
