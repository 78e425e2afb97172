"""Users of the instance and members of workspaces in the shape of the public contract."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

if TYPE_CHECKING:
    from headrace.model.principal import Principal
    from headrace.store.people.members import Member
    from headrace.store.people.users import User as StoredUser

Password = Annotated[str, StringConstraints(min_length=8, max_length=1000)]
ShortText = Annotated[str, StringConstraints(max_length=200)]


class Credentials(BaseModel):
    """Body of a login."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "alice@acme.test", "password": "correct horse"}]}
    )

    email: Annotated[str, StringConstraints(max_length=254)]
    password: Annotated[str, StringConstraints(max_length=1000)]


class NewPassword(BaseModel):
    """Body of another password."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "correct horse"}]})

    password: Password


class NewUser(BaseModel):
    """Body of a new user. No mail is ever sent, whatever ``skip_email`` says."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"email": "alice@acme.test", "password": "correct horse", "super_admin": False}]
        }
    )

    email: str
    password: Password | None = None
    super_admin: bool = False
    name: ShortText | None = None
    company: ShortText | None = None
    skip_email: bool | None = None
    login_type: Literal["password"] | None = None


class UserChange(BaseModel):
    """Body of a change of a user; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_super_admin": True, "name": "Alice"}]})

    is_super_admin: bool | None = None
    is_devops: Literal[False] | None = None
    name: ShortText | None = None
    disabled: bool | None = None


class GlobalUserInfo(BaseModel):
    """A user of the instance."""

    email: str
    login_type: Literal["password"] = "password"
    super_admin: bool
    devops: bool = False
    verified: bool = True
    first_time_user: bool = False
    role_source: Literal["manual"] = "manual"
    disabled: bool
    name: str | None = None
    company: str | None = None
    username: str | None = None
    workspace_id: str | None = None


class WorkspaceInvite(BaseModel):
    """An invitation into a workspace."""

    workspace_id: str
    email: str
    is_admin: bool
    operator: bool
    role: str


Role = Literal["admin", "developer", "operator"]


class NewMember(BaseModel):
    """Body of a new member; ``role`` says the same as ``is_admin`` and ``operator``."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "alice@acme.test", "username": "alice", "is_admin": False}]}
    )

    email: str
    username: str | None = None
    is_admin: bool | None = None
    operator: bool | None = None
    role: Role | None = None


class MemberChange(BaseModel):
    """Body of a change of a member; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_admin": True}]})

    is_admin: bool | None = None
    operator: bool | None = None
    role: Role | None = None
    disabled: bool | None = None


class User(BaseModel):
    """A member of a workspace, with the folders of theirs that the caller may see."""

    email: str
    username: str
    name: str | None = None
    is_admin: bool
    is_super_admin: bool
    created_at: datetime
    operator: bool
    disabled: bool
    groups: list[str]
    folders: list[str]
    folders_read: list[str]
    folders_owners: list[str]
    non_member: bool | None = None


def show_user(user: StoredUser) -> GlobalUserInfo:
    """A user of the instance as the contract's ``GlobalUserInfo``."""
    return GlobalUserInfo(
        email=user.email,
        super_admin=user.is_superadmin,
        disabled=user.disabled,
        name=user.name,
        company=user.company,
    )


def show_member(member: Member, caller: Principal) -> User:
    """A member as the contract's ``User``; folders that the caller may not see are left out."""
    return User(
        email=member.email,
        username=member.username,
        name=member.name,
        is_admin=member.is_admin,
        is_super_admin=member.is_superadmin,
        created_at=member.created_at,
        operator=member.operator,
        disabled=member.disabled,
        groups=list(member.groups),
        folders=_folders(member.writable, caller),
        folders_read=_folders(member.readable, caller),
        folders_owners=_folders(member.owned, caller),
    )


def show_caller(caller: Principal, name: str | None, created_at: datetime, *, is_member: bool) -> User:
    """Who asks, as the contract's ``User``."""
    return User(
        email=caller.email,
        username=caller.username,
        name=name,
        is_admin=caller.is_admin,
        is_super_admin=caller.is_superadmin,
        created_at=created_at,
        operator=caller.is_operator,
        disabled=False,
        groups=list(caller.groups),
        folders=_folders(caller.writable, caller),
        folders_read=_folders(caller.readable, caller),
        folders_owners=_folders(caller.owned, caller),
        non_member=None if is_member else True,
    )


def _folders(owners: tuple[str, ...], caller: Principal) -> list[str]:
    return [
        owner.removeprefix("f/")
        for owner in owners
        if owner.startswith("f/") and (caller.is_admin or owner in caller.readable)
    ]
