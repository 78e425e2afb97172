"""Routes about workspaces: which there are, whose they are."""

from __future__ import annotations

import dataclasses

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import InstanceCaller
from headrace.api.pages import Page
from headrace.api.schemas.workspaces import (
    NewWorkspace,
    UsernameInWorkspace,
    UserWorkspaceList,
    Workspace,
    WorkspaceId,
    show_membership,
    show_workspace,
)
from headrace.db.transaction import acting_as
from headrace.model.email import username_of
from headrace.model.path import check_name, check_username
from headrace.permissions import check
from headrace.store import audit, workspaces
from headrace.store.people import members

router = APIRouter(prefix="/workspaces", tags=["workspace"], route_class=CheckedRoute)


@router.post("/create", status_code=201, response_class=PlainTextResponse)
async def create_workspace(body: NewWorkspace, caller: InstanceCaller) -> str:
    """Make a workspace, for superadmins; its creator becomes its first admin."""
    principal = caller.principal
    check.require_superadmin(principal)
    check_name(body.id, "id")
    username = check_username(body.username or username_of(principal.email))
    async with caller.transaction() as connection:
        await workspaces.add(connection, body.id, body.name, principal.email, body.color)
        await members.add(connection, body.id, username, principal.email, is_admin=True)
        await audit.write(connection, principal, "workspaces.create", "Created", body.id)
    return body.id


@router.get("/list", response_model_exclude_none=True)
async def list_workspaces(caller: InstanceCaller) -> list[Workspace]:
    """Workspaces one is a member of; for a superadmin all. Archived ones are left out."""
    check.require_person(caller.principal)
    async with caller.transaction() as connection:
        found = await workspaces.list_all(connection)
    return [show_workspace(item) for item in found if check.is_in_reach(caller.principal, item.id)]


@router.get("/list_as_superadmin", response_model_exclude_none=True)
async def list_workspaces_as_super_admin(caller: InstanceCaller, page: Page) -> list[Workspace]:
    """All workspaces, archived ones too, for superadmins."""
    check.require_superadmin(caller.principal)
    async with caller.transaction() as connection:
        found = await workspaces.list_every(connection, limit=page.size, offset=page.offset)
    return [show_workspace(workspace) for workspace in found]


@router.get("/users")
async def list_user_workspaces(caller: InstanceCaller) -> UserWorkspaceList:
    """The workspaces that one is a member of, with one's name and role in each."""
    email = caller.principal.email
    check.require_person(caller.principal)
    async with caller.transaction() as connection:
        found = await workspaces.list_memberships(connection, email)
    within = [item for item in found if check.is_in_reach(caller.principal, item.workspace)]
    return UserWorkspaceList(email=email, workspaces=[show_membership(item) for item in within])


@router.post("/exists")
async def exists_workspace(body: WorkspaceId, caller: InstanceCaller) -> bool:
    """Whether there is such a workspace, among those one may see."""
    check.require_person(caller.principal)
    async with caller.transaction() as connection:
        return await workspaces.exists(connection, body.id)


@router.post("/exists_username")
async def exists_username(body: UsernameInWorkspace, caller: InstanceCaller) -> bool:
    """Whether a name is taken in a workspace, however it is written; false where one may not see it."""
    check.require_person(caller.principal)
    if not check.is_in_reach(caller.principal, body.id):
        return False
    async with caller.transaction() as connection:
        if not await workspaces.exists(connection, body.id):
            return False
    inside = dataclasses.replace(caller.principal, workspace=body.id)
    async with acting_as(caller.context.pool, inside) as connection:
        return await members.exists_username(connection, body.id, body.username)


@router.post("/unarchive/{workspace}", response_class=PlainTextResponse)
async def unarchive_workspace(workspace: str, caller: InstanceCaller) -> str:
    """Open an archived workspace again, for superadmins."""
    check.require_superadmin(caller.principal)
    async with caller.transaction() as connection:
        await workspaces.set_archived(connection, workspace, archived=False)
        await audit.write(connection, caller.principal, "workspaces.unarchive", "Updated", workspace)
    return f"workspace {workspace} is open again"
