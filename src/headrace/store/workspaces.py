"""Workspaces, their members, groups and folders."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.errors import Conflict

if TYPE_CHECKING:
    from headrace.db.connection import Connection

SQL = load_queries(__file__, "workspaces.sql")


@dataclass(frozen=True, slots=True)
class Workspace:
    """A tenant."""

    id: str
    name: str
    owner: str


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a workspace."""

    username: str
    email: str
    is_admin: bool
    operator: bool
    disabled: bool
    created_at: datetime


async def add(connection: Connection, workspace: Workspace) -> None:
    """Make a workspace, with the group ``all`` in it; raises Conflict where the id is taken."""
    added = await SQL.add_workspace.value(
        connection, id=workspace.id, name=workspace.name, owner=workspace.owner
    )
    if added is None:
        raise Conflict(f"workspace {workspace.id} exists already")
    await SQL.add_group.value(
        connection, workspace=workspace.id, name="all", summary="Every member of the workspace"
    )


async def list_all(connection: Connection) -> list[Workspace]:
    """Workspaces one may see."""
    return [
        Workspace(row["id"], row["name"], row["owner"]) for row in await SQL.list_workspaces.rows(connection)
    ]


async def exists(connection: Connection, workspace: str) -> bool:
    """Whether there is such a workspace, among those one may see."""
    return await SQL.exists_workspace.value(connection, id=workspace)


async def add_member(
    connection: Connection,
    workspace: str,
    username: str,
    email: str,
    *,
    is_admin: bool = False,
    operator: bool = False,
) -> None:
    """Make a user a member, and so of the group ``all``; raises Conflict where name or email is there."""
    added = await SQL.add_member.value(
        connection, workspace=workspace, username=username, email=email, is_admin=is_admin, operator=operator
    )
    if added is None:
        raise Conflict(f"{username} or {email} is a member of workspace {workspace} already")
    await SQL.add_group_member.value(connection, workspace=workspace, name="all", username=username)


async def read_member(connection: Connection, workspace: str, username: str) -> Member | None:
    """One member of a workspace, by username."""
    row = await SQL.read_member.row(connection, workspace=workspace, username=username)
    if row is None:
        return None
    return Member(
        row["username"], row["email"], row["is_admin"], row["operator"], row["disabled"], row["created_at"]
    )


async def add_folder(  # noqa: PLR0913 - the columns of a folder
    connection: Connection,
    workspace: str,
    name: str,
    *,
    display_name: str,
    summary: str,
    owners: list[str],
    extra_perms: dict[str, bool],
    created_by: str,
) -> None:
    """Make a folder; raises Conflict where its name is taken."""
    added = await SQL.add_folder.count(
        connection,
        workspace=workspace,
        name=name,
        display_name=display_name,
        summary=summary,
        owners=owners,
        extra_perms=json.dumps(extra_perms),
        created_by=created_by,
    )
    if not added:
        raise Conflict(f"folder {name} exists already")
