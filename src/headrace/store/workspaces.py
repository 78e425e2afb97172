"""Workspaces: the tenants of an instance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.errors import Conflict, NotFound
from headrace.store.people import groups

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record

SQL = load_queries(__file__, "workspaces.sql")

ADMINS = "admins"
"""The workspace of superadmins; what concerns the whole instance is shown there."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A tenant. One that is archived is shut for everybody."""

    id: str
    name: str
    owner: str
    color: str | None
    archived: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """What a user is in a workspace."""

    workspace: str
    workspace_name: str
    color: str | None
    username: str
    is_admin: bool
    operator: bool
    disabled: bool


async def add(connection: Connection, id: str, name: str, owner: str, color: str | None = None) -> None:  # noqa: A002 - its name in the public API
    """Make a workspace, with the group ``all`` in it; raises Conflict where the id is taken."""
    added = await SQL.add_workspace.value(connection, id=id, name=name, owner=owner, color=color)
    if added is None:
        raise Conflict(f"workspace {id} exists already")
    await groups.add(connection, id, groups.ALL, "Every member of the workspace")


async def list_all(connection: Connection) -> list[Workspace]:
    """Workspaces one may see, but for archived ones."""
    return [_workspace_of(row) for row in await SQL.list_workspaces.rows(connection)]


async def list_every(connection: Connection, *, limit: int, offset: int) -> list[Workspace]:
    """All workspaces one may see, archived ones too."""
    rows = await SQL.list_every_workspace.rows(connection, most=limit, skip=offset)
    return [_workspace_of(row) for row in rows]


async def list_memberships(connection: Connection, email: str) -> list[Membership]:
    """The workspaces of a user, by id."""
    return [
        Membership(
            workspace=row["id"],
            workspace_name=row["name"],
            color=row["color"],
            username=row["username"],
            is_admin=row["is_admin"],
            operator=row["operator"],
            disabled=row["disabled"],
        )
        for row in await SQL.list_memberships.rows(connection, email=email)
    ]


async def read(connection: Connection, workspace: str) -> Workspace:
    """One workspace; raises NotFound where there is none to see."""
    row = await SQL.read_workspace.row(connection, id=workspace)
    if row is None:
        raise NotFound(f"workspace {workspace} does not exist, or you are no member of it")
    return _workspace_of(row)


async def exists(connection: Connection, workspace: str) -> bool:
    """Whether there is such a workspace, among those one may see."""
    return await SQL.exists_workspace.value(connection, id=workspace)


async def change(
    connection: Connection, workspace: str, *, name: str | None = None, color: str | None = None
) -> None:
    """Change what is not None, for admins; raises NotFound."""
    if await SQL.change_workspace.value(connection, id=workspace, name=name, color=color) is None:
        raise NotFound(f"workspace {workspace} does not exist, or you may not change it")


async def set_archived(connection: Connection, workspace: str, *, archived: bool) -> None:
    """Shut a workspace or open it again; raises NotFound where there is none in the other state."""
    if await SQL.set_archived.value(connection, id=workspace, archived=archived) is None:
        state = "open" if archived else "archived"
        raise NotFound(f"there is no workspace {workspace} that is {state}")


def _workspace_of(row: Record) -> Workspace:
    return Workspace(
        id=row["id"],
        name=row["name"],
        owner=row["owner"],
        color=row["color"],
        archived=row["deleted"],
        created_at=row["created_at"],
    )
