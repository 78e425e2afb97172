"""Routes about what a workspace is called and set to."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.schemas.people.users import WorkspaceInvite
from headrace.api.schemas.workspaces import (
    EncryptionKey,
    NewEncryptionKey,
    SharedUi,
    WorkspaceColor,
    WorkspaceName,
    WorkspaceSettings,
    WorkspaceSpecific,
)
from headrace.errors import InvalidInput
from headrace.lifecycle.values.change_key import change_key
from headrace.lifecycle.values.reveal import reveal_key
from headrace.permissions import check
from headrace.store import audit, workspaces
from headrace.vault.vault import parse_key

router = APIRouter(prefix="/w/{workspace}/workspaces", tags=["workspace"], route_class=CheckedRoute)
shared_ui = APIRouter(prefix="/w/{workspace}/shared_ui", tags=["workspace"], route_class=CheckedRoute)


@router.get("/get_workspace_name", response_class=PlainTextResponse)
async def get_workspace_name(caller: WorkspaceCaller) -> str:
    """What the workspace is called."""
    return (await _read(caller)).name


@router.get("/get_settings", response_model_exclude_none=True)
async def get_settings(caller: WorkspaceCaller) -> WorkspaceSettings:
    """The settings of the workspace."""
    workspace = await _read(caller)
    return WorkspaceSettings(workspace_id=workspace.id, color=workspace.color)


@router.get("/encryption_key")
async def get_workspace_encryption_key(caller: WorkspaceCaller) -> EncryptionKey:
    """The key of the workspace's secrets, for its admins; that it was asked for is in the audit log."""
    async with caller.transaction() as connection:
        return EncryptionKey(key=await reveal_key(connection, caller.context.vault, caller.principal))


@router.post("/encryption_key", response_class=PlainTextResponse)
async def set_workspace_encryption_key(body: NewEncryptionKey, caller: WorkspaceCaller) -> str:
    """Give the workspace another key, and encrypt all its secrets anew, for its admins.

    With ``skip_reencrypt`` secrets stay as they are, and can't be read until ones that
    fit the key are stored.
    """
    key = parse_key(body.new_key, "new_key")
    vault = caller.context.vault
    async with caller.transaction() as connection:
        changed = await change_key(
            connection, vault, caller.principal, key, reencrypt=not body.skip_reencrypt
        )
    return f"key of workspace {caller.workspace} set, secrets encrypted anew: {changed}"


@router.get("/list_ws_specific")
async def list_ws_specific(caller: WorkspaceCaller) -> list[WorkspaceSpecific]:
    """What differs from the workspace that this one was forked from: nothing, for there are no forks."""
    del caller
    return []


@router.get("/list_pending_invites")
async def list_pending_invites(caller: WorkspaceCaller) -> list[WorkspaceInvite]:
    """Invitations that wait for an answer, for admins: none, for members are added without being asked."""
    check.require_admin(caller.principal)
    return []


@router.post("/change_workspace_name", response_class=PlainTextResponse)
async def change_workspace_name(body: WorkspaceName, caller: WorkspaceCaller) -> str:
    """Give the workspace another name, for its admins."""
    await _change(caller, name=body.new_name)
    return f"workspace {caller.workspace} is now called {body.new_name}"


@router.post("/change_workspace_color", response_class=PlainTextResponse)
async def change_workspace_color(body: WorkspaceColor, caller: WorkspaceCaller) -> str:
    """Give the workspace another color, for its admins."""
    await _change(caller, color=body.color)
    return f"color of workspace {caller.workspace} updated"


@router.post("/archive", response_class=PlainTextResponse)
async def archive_workspace(caller: WorkspaceCaller) -> str:
    """Shut the workspace for everybody, for its admins. Only a superadmin opens it again."""
    check.require_admin(caller.principal)
    check.require_person(caller.principal)
    workspace = caller.workspace
    if workspace == workspaces.ADMINS:
        raise InvalidInput("workspace", f"{workspace} can't be archived")
    async with caller.transaction() as connection:
        await workspaces.set_archived(connection, workspace, archived=True)
        await audit.write(connection, caller.principal, "workspaces.archive", "Updated", workspace)
    return f"workspace {workspace} is archived"


@shared_ui.get("/get")
async def get_shared_ui(caller: WorkspaceCaller) -> SharedUi:
    """The files that the workspace's apps share: none since it was made."""
    workspace = await _read(caller)
    return SharedUi(files={}, version=0, edited_at=workspace.created_at, edited_by=workspace.owner)


async def _read(caller: Caller) -> workspaces.Workspace:
    async with caller.transaction() as connection:
        return await workspaces.read(connection, caller.workspace)


async def _change(caller: Caller, *, name: str | None = None, color: str | None = None) -> None:
    check.require_admin(caller.principal)
    async with caller.transaction() as connection:
        await workspaces.change(connection, caller.workspace, name=name, color=color)
        await audit.write(connection, caller.principal, "workspaces.update", "Updated", caller.workspace)
