"""Workspaces and their settings in the shape of the public contract."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

if TYPE_CHECKING:
    from headrace.store.workspaces import Membership
    from headrace.store.workspaces import Workspace as StoredWorkspace

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Color = Annotated[str, StringConstraints(pattern=r"^(#[0-9A-Fa-f]{3,8}|[A-Za-z]{1,30})$")]


class NewWorkspace(BaseModel):
    """Body of a new workspace."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "acme", "name": "Acme Inc."}]})

    id: str
    name: Name
    username: str | None = None
    color: Color | None = None


class WorkspaceId(BaseModel):
    """Body that names a workspace."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "acme"}]})

    id: str


class UsernameInWorkspace(BaseModel):
    """Body that names a user of a workspace."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "acme", "username": "alice"}]})

    id: str
    username: str


class WorkspaceName(BaseModel):
    """Body of another name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"new_name": "Acme Inc."}]})

    new_name: Name


class WorkspaceColor(BaseModel):
    """Body of another color."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"color": "#2d6cdf"}]})

    color: Color


class Workspace(BaseModel):
    """A workspace; ``deleted`` is true for an archived one."""

    id: str
    name: str
    owner: str
    color: str | None = None
    deleted: bool | None = None


class Visibility(BaseModel):
    """Which pages there are for a member: those of which this server has the routes."""

    runs: bool = True
    schedules: bool = False
    resources: bool = True
    variables: bool = True
    assets: bool = False
    triggers: bool = False
    audit_logs: bool = True
    groups: bool = True
    folders: bool = True
    workers: bool = True


class Capabilities(BaseModel):
    """What a member may make."""

    code: bool
    flows: Literal["none"] = "none"
    apps: Literal["none"] = "none"
    manage_schedules: bool = False
    manage_triggers: bool = False
    visibility: Visibility = Visibility()


class UserWorkspace(BaseModel):
    """A workspace of a user, with what they are in it."""

    id: str
    name: str
    username: str
    color: str
    is_dev_workspace: bool = False
    disabled: bool
    role: Literal["admin", "developer", "operator"]
    capabilities: Capabilities


class UserWorkspaceList(BaseModel):
    """The workspaces of a user."""

    email: str
    workspaces: list[UserWorkspace]


class WorkspaceSettings(BaseModel):
    """The settings of a workspace, as far as there are any."""

    workspace_id: str
    color: str | None = None


class EncryptionKey(BaseModel):
    """The key that the secrets of a workspace are encrypted under."""

    key: str


class NewEncryptionKey(BaseModel):
    """Body of another key: 32 bytes in base64. ``skip_reencrypt`` leaves secrets as they are."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"new_key": "FvqAnqzfBUbXtOvkbCyoTt0fkTxGEHNVIVmfkI0Gnyc="}]}
    )

    new_key: str
    skip_reencrypt: bool | None = None


class WorkspaceSpecific(BaseModel):
    """Something that differs between a workspace and those that were forked from it."""

    item_kind: str
    path: str


class SharedUi(BaseModel):
    """Files that the apps of a workspace share."""

    files: dict[str, str]
    version: int
    edited_at: datetime
    edited_by: str


class GlobalSetting(BaseModel):
    """A setting of the instance that is kept in the database."""

    name: str
    value: Any


class GlobalSettingValue(BaseModel):
    """Body of a setting of the instance."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"value": None}]})

    value: Any = None


def show_workspace(workspace: StoredWorkspace) -> Workspace:
    """A workspace as the contract's ``Workspace``."""
    return Workspace(
        id=workspace.id,
        name=workspace.name,
        owner=workspace.owner,
        color=workspace.color,
        deleted=workspace.archived or None,
    )


def show_membership(membership: Membership) -> UserWorkspace:
    """A workspace as its members see it in a list of theirs."""
    is_operator = membership.operator and not membership.is_admin
    return UserWorkspace(
        id=membership.workspace,
        name=membership.workspace_name,
        username=membership.username,
        color=membership.color or "",
        disabled=membership.disabled,
        role="admin" if membership.is_admin else "operator" if is_operator else "developer",
        capabilities=Capabilities(code=not is_operator),
    )
