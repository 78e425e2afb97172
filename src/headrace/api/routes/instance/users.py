"""Routes about the users of the instance."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import InstanceCaller
from headrace.api.pages import Page
from headrace.api.schemas.people.users import (
    GlobalUserInfo,
    NewPassword,
    NewUser,
    UserChange,
    WorkspaceInvite,
    show_user,
)
from headrace.errors import InvalidInput
from headrace.model.email import check_email, folded
from headrace.permissions import check
from headrace.store import audit
from headrace.store.people import users

router = APIRouter(prefix="/users", tags=["user"], route_class=CheckedRoute)


@router.get("/whoami", response_model_exclude_none=True)
async def global_whoami(caller: InstanceCaller) -> GlobalUserInfo:
    """Who one is on the instance."""
    principal = caller.principal
    async with caller.transaction() as connection:
        user = await users.read(connection, principal.email)
    return GlobalUserInfo(
        email=principal.email,
        super_admin=principal.is_superadmin,
        disabled=False,
        name=user.name if user else None,
        company=user.company if user else None,
        username=principal.username if principal.job else None,
        workspace_id=principal.workspace,
    )


@router.get("/email", response_class=PlainTextResponse)
async def get_current_email(caller: InstanceCaller) -> str:
    """One's email."""
    return caller.principal.email


@router.get("/list_invites")
async def list_workspace_invites(caller: InstanceCaller) -> list[WorkspaceInvite]:
    """Invitations that wait for one's answer: none, for members are added without being asked."""
    check.require_person(caller.principal)
    return []


@router.get("/exists/{email}")
async def exists_email(email: str, caller: InstanceCaller) -> bool:
    """Whether there is such a user, among those one may see: oneself, for superadmins all."""
    check.require_person(caller.principal)
    if not check.may_see_user(caller.principal, folded(email)):
        return False
    async with caller.transaction() as connection:
        return await users.read(connection, folded(email)) is not None


@router.get("/list_as_super_admin", response_model_exclude_none=True)
async def list_users_as_super_admin(
    caller: InstanceCaller, page: Page, active_only: bool = False
) -> list[GlobalUserInfo]:
    """All users of the instance, for superadmins."""
    check.require_superadmin(caller.principal)
    if active_only:
        raise InvalidInput("active_only", "can't be asked for: nothing is kept of who is active")
    async with caller.transaction() as connection:
        found = await users.list_all(connection, limit=page.size, offset=page.offset)
    return [show_user(user) for user in found]


@router.post("/create", status_code=201, response_class=PlainTextResponse)
async def create_user_globally(body: NewUser, caller: InstanceCaller) -> str:
    """Make a user, for superadmins. One without a password can't sign in."""
    check.require_superadmin(caller.principal)
    email = check_email(body.email)
    password_hash = body.password and await asyncio.to_thread(users.hash_password, body.password)
    async with caller.transaction() as connection:
        await users.add(
            connection,
            email,
            password_hash,
            name=body.name,
            company=body.company,
            superadmin=body.super_admin,
        )
        await audit.write(connection, caller.principal, "users.create", "Created", email)
    return f"user {email} created"


@router.post("/update/{email}", response_class=PlainTextResponse)
async def global_user_update(email: str, body: UserChange, caller: InstanceCaller) -> str:
    """Change what is given of a user, for superadmins."""
    check.require_superadmin(caller.principal)
    if email == caller.principal.email and (body.disabled or body.is_super_admin is False):
        raise InvalidInput("email", "is your own: another superadmin has to do this")
    async with caller.transaction() as connection:
        await users.change(
            connection,
            email,
            name=body.name,
            superadmin=body.is_super_admin,
            disabled=body.disabled,
        )
        changes = body.model_dump(exclude_none=True)
        await audit.write(connection, caller.principal, "users.update", "Updated", email, changes)
    return f"user {email} updated"


@router.post("/set_password_of/{user}", response_class=PlainTextResponse)
async def set_password_for_user(user: str, body: NewPassword, caller: InstanceCaller) -> str:
    """Give a user another password, for superadmins. All sessions of theirs end."""
    check.require_superadmin(caller.principal)
    password_hash = await asyncio.to_thread(users.hash_password, body.password)
    async with caller.transaction() as connection:
        await users.set_password_of(connection, user, password_hash)
        await audit.write(connection, caller.principal, "users.setpassword", "Updated", user)
    return f"password of {user} updated"


@router.delete("/delete/{email}", response_class=PlainTextResponse)
async def global_user_delete(email: str, caller: InstanceCaller) -> str:
    """Remove a user with their tokens, drafts and memberships, for superadmins. What they made stays."""
    check.require_superadmin(caller.principal)
    if email == caller.principal.email:
        raise InvalidInput("email", "is your own: another superadmin has to do this")
    async with caller.transaction() as connection:
        await users.remove(connection, email)
        await audit.write(connection, caller.principal, "users.delete", "Delete", email)
    return f"user {email} deleted"
