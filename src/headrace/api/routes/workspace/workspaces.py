"""Routes about workspaces and their folders."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, StringConstraints

from headrace.api.body import CheckedRoute
from headrace.api.context import InstanceCaller, WorkspaceCaller
from headrace.api.schemas.answers import json_response
from headrace.model.path import check_identity, check_name
from headrace.permissions import check
from headrace.store import audit, workspaces
from headrace.store.workspaces import Workspace

router = APIRouter(tags=["workspace"], route_class=CheckedRoute)
folders = APIRouter(prefix="/w/{workspace}/folders", tags=["folder"], route_class=CheckedRoute)


class NewWorkspace(BaseModel):
    """Body of a new workspace."""

    id: str
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    username: str | None = None


class WorkspaceName(BaseModel):
    """Body that names a workspace."""

    id: str


class NewFolder(BaseModel):
    """Body of a new folder."""

    name: str
    display_name: str | None = None
    summary: str | None = None
    owners: list[str] | None = None
    extra_perms: dict[str, bool] | None = None


@router.post("/workspaces/create", status_code=201, response_class=PlainTextResponse)
async def create_workspace(body: NewWorkspace, caller: InstanceCaller) -> str:
    """Make a workspace; its creator becomes its first admin."""
    principal = caller.principal
    check.require_superadmin(principal)
    check_name(body.id, "id")
    username = check_name(body.username or _username(principal.email), "username")
    async with caller.transaction() as connection:
        await workspaces.add(connection, Workspace(body.id, body.name, principal.email))
        await workspaces.add_member(connection, body.id, username, principal.email, is_admin=True)
        await audit.write(connection, principal, "workspaces.create", "Created", body.id)
    return body.id


@router.get("/workspaces/list")
async def list_workspaces(caller: InstanceCaller) -> Response:
    """Workspaces one is a member of; for a superadmin all."""
    check.require_person(caller.principal)
    async with caller.transaction() as connection:
        found = await workspaces.list_all(connection)
    return json_response([{"id": item.id, "name": item.name, "owner": item.owner} for item in found])


@router.post("/workspaces/exists")
async def exists_workspace(body: WorkspaceName, caller: InstanceCaller) -> bool:
    """Whether there is such a workspace, among those one may see."""
    check.require_person(caller.principal)
    async with caller.transaction() as connection:
        return await workspaces.exists(connection, body.id)


@folders.post("/create", response_class=PlainTextResponse)
async def create_folder(body: NewFolder, caller: WorkspaceCaller) -> str:
    """Make a folder; its creator owns it, besides those who are named."""
    principal = caller.principal
    check.require_developer(principal)
    check_name(body.name)
    owners = list(body.owners or [])
    for position, owner in enumerate(owners):
        check_identity(owner, f"owners.{position}")
    for identity in body.extra_perms or {}:
        check_identity(identity, "extra_perms")
    own = principal.permissioned_as
    # A superadmin who is no member has no identity that could own anything, and needs none.
    if own not in owners and "/" in own:
        owners.insert(0, own)
    async with caller.transaction() as connection:
        await workspaces.add_folder(
            connection,
            caller.workspace,
            body.name,
            display_name=body.display_name or body.name,
            summary=body.summary or "",
            owners=owners,
            extra_perms=body.extra_perms or {},
            created_by=principal.username,
        )
        await audit.write(connection, principal, "folder.create", "Created", body.name)
    return body.name


def _username(email: str) -> str:
    return email.partition("@")[0].replace(".", "_")
