"""Routes about groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.pages import Page
from headrace.api.schemas.people.groups import Group, GroupChange, GroupMember, NewGroup, show_group
from headrace.errors import InvalidInput
from headrace.model.path import check_name
from headrace.permissions import check
from headrace.store import audit
from headrace.store.people import groups

if TYPE_CHECKING:
    from headrace.db.connection import Connection

router = APIRouter(prefix="/w/{workspace}/groups", tags=["group"], route_class=CheckedRoute)


@router.get("/list")
async def list_groups(caller: WorkspaceCaller, page: Page) -> list[Group]:
    """The groups of the workspace, by name."""
    async with caller.transaction() as connection:
        found = await groups.list_all(connection, caller.workspace, limit=page.size, offset=page.offset)
    return [show_group(group) for group in found]


@router.get("/listnames")
async def list_group_names(caller: WorkspaceCaller, only_member_of: bool = False) -> list[str]:
    """The names of the groups of the workspace, or of those only that one belongs to."""
    if only_member_of:
        return sorted(caller.principal.groups)
    async with caller.transaction() as connection:
        return await groups.list_names(connection, caller.workspace)


@router.get("/get/{name}")
async def get_group(name: str, caller: WorkspaceCaller) -> Group:
    """One group."""
    async with caller.transaction() as connection:
        return show_group(await groups.read(connection, caller.workspace, name))


@router.post("/create", response_class=PlainTextResponse)
async def create_group(body: NewGroup, caller: WorkspaceCaller) -> str:
    """Make a group, for admins."""
    check.require_admin(caller.principal)
    check_name(body.name)
    async with caller.transaction() as connection:
        await groups.add(connection, caller.workspace, body.name, body.summary or "")
        await audit.write(connection, caller.principal, "group.create", "Created", body.name)
    return f"group {body.name} created"


@router.post("/update/{name}", response_class=PlainTextResponse)
async def update_group(name: str, body: GroupChange, caller: WorkspaceCaller) -> str:
    """Say what a group is for, for those who manage it."""
    await _require_manager(caller, name)
    async with caller.transaction() as connection:
        if body.summary is not None:
            await groups.set_summary(connection, caller.workspace, name, body.summary)
        await audit.write(connection, caller.principal, "group.edit", "Updated", name)
    return f"group {name} updated"


@router.delete("/delete/{name}", response_class=PlainTextResponse)
async def delete_group(name: str, caller: WorkspaceCaller) -> str:
    """Remove a group and all its rights, for admins."""
    check.require_admin(caller.principal)
    _refuse_all(name)
    async with caller.transaction() as connection:
        await groups.remove(connection, name)
        await audit.write(connection, caller.principal, "group.delete", "Delete", name)
    return f"group {name} deleted"


@router.post("/adduser/{name}", response_class=PlainTextResponse)
async def add_user_to_group(name: str, body: GroupMember, caller: WorkspaceCaller) -> str:
    """Put a member of the workspace into a group, for those who manage it."""
    await _require_manager(caller, name)
    _refuse_all(name)
    async with caller.transaction() as connection:
        await groups.add_member(connection, caller.workspace, name, body.username)
        await _audit(connection, caller, "group.adduser", name, body.username)
    return f"user {body.username} added to group {name}"


@router.post("/removeuser/{name}", response_class=PlainTextResponse)
async def remove_user_to_group(name: str, body: GroupMember, caller: WorkspaceCaller) -> str:
    """Take somebody out of a group, for those who manage it."""
    await _require_manager(caller, name)
    _refuse_all(name)
    async with caller.transaction() as connection:
        await groups.remove_member(connection, caller.workspace, name, body.username)
        await _audit(connection, caller, "group.removeuser", name, body.username)
    return f"user {body.username} removed from group {name}"


async def _require_manager(caller: Caller, name: str) -> None:
    async with caller.transaction() as connection:
        await groups.read(connection, caller.workspace, name)
    check.require_owner(caller.principal, f"g/{name}", "group")


def _refuse_all(name: str) -> None:
    if name == groups.ALL:
        raise InvalidInput(
            "name", "everybody in the workspace belongs to the group all, and it can't be changed"
        )


async def _audit(connection: Connection, caller: Caller, operation: str, name: str, username: str) -> None:
    await audit.write(connection, caller.principal, operation, "Updated", name, {"username": username})
