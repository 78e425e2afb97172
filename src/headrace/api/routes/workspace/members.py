"""Routes about the members of a workspace."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.schemas.people.users import MemberChange, NewMember, User, show_caller, show_member
from headrace.clock import now
from headrace.errors import InvalidInput
from headrace.model.email import check_email, username_of
from headrace.model.path import check_username
from headrace.permissions import check
from headrace.store import audit
from headrace.store.people import members

router = APIRouter(prefix="/w/{workspace}/users", tags=["user"], route_class=CheckedRoute)
joining = APIRouter(prefix="/w/{workspace}/workspaces", tags=["workspace"], route_class=CheckedRoute)


@router.get("/whoami", response_model_exclude_none=True)
async def whoami(caller: WorkspaceCaller) -> User:
    """Who one is in a workspace."""
    principal = caller.principal
    async with caller.transaction() as connection:
        member = await members.read(connection, principal.username)
    # A superadmin need not be a member, nor is a group, yet each has to show an instant.
    created_at = member.created_at if member else now()
    return show_caller(principal, member.name if member else None, created_at, is_member=member is not None)


@router.get("/list", response_model_exclude_none=True)
async def list_users(caller: WorkspaceCaller) -> list[User]:
    """The members of the workspace, each with the folders of theirs that one may see."""
    async with caller.transaction() as connection:
        found = await members.list_all(connection)
    return [show_member(member, caller.principal) for member in found]


@router.get("/list_usernames")
async def list_usernames(caller: WorkspaceCaller) -> list[str]:
    """The names of the members of the workspace."""
    async with caller.transaction() as connection:
        return await members.list_usernames(connection, caller.workspace)


@router.get("/get/{username}", response_model_exclude_none=True)
async def get_user(username: str, caller: WorkspaceCaller) -> User:
    """One member of the workspace."""
    return await _show(caller, username)


@router.get("/whois/{username}", response_model_exclude_none=True)
async def whois(username: str, caller: WorkspaceCaller) -> User:
    """The same, by the other name that the contract has for it."""
    return await _show(caller, username)


@router.get("/username_to_email/{username}", response_class=PlainTextResponse)
async def username_to_email(username: str, caller: WorkspaceCaller) -> str:
    """The email of a member, or one's own by the name that one is called here."""
    if username == caller.principal.username:
        return caller.principal.email
    async with caller.transaction() as connection:
        return await members.email_of(connection, caller.workspace, username)


@router.get("/is_owner/{path:path}")
async def is_owner_of_path(path: str, caller: WorkspaceCaller) -> bool:
    """Whether what lies at a path is one's own to share."""
    return check.owns(caller.principal, path)


@router.post("/update/{username}", response_class=PlainTextResponse)
async def update_user(username: str, body: MemberChange, caller: WorkspaceCaller) -> str:
    """Change what is given of a member, for admins."""
    check.require_admin(caller.principal)
    is_admin, operator = _rank(body)
    async with caller.transaction() as connection:
        await members.change(
            connection,
            caller.workspace,
            username,
            is_admin=is_admin,
            operator=operator,
            disabled=body.disabled,
        )
        changes = body.model_dump(exclude_none=True)
        await audit.write(connection, caller.principal, "users.update", "Updated", username, changes)
    return f"user {username} updated"


@router.delete("/delete/{username}", response_class=PlainTextResponse)
async def delete_user(username: str, caller: WorkspaceCaller) -> str:
    """Take a member out of the workspace and of all its rights, for admins. What they made stays."""
    check.require_admin(caller.principal)
    async with caller.transaction() as connection:
        await members.remove(connection, username)
        await audit.write(connection, caller.principal, "users.delete", "Delete", username)
    return f"user {username} deleted"


@joining.post("/add_user", response_class=PlainTextResponse)
async def add_user(body: NewMember, caller: WorkspaceCaller) -> str:
    """Make a user of the instance a member, for admins; without a username it is made of the email."""
    check.require_admin(caller.principal)
    email = check_email(body.email)
    username = check_username(body.username or username_of(email))
    is_admin, operator = _rank(body)
    async with caller.transaction() as connection:
        await members.add(
            connection,
            caller.workspace,
            username,
            email,
            is_admin=bool(is_admin),
            operator=bool(operator),
        )
        await audit.write(connection, caller.principal, "users.add_to_workspace", "Created", username)
    return f"user {username} added to workspace {caller.workspace}"


def _rank(body: MemberChange | NewMember) -> tuple[bool | None, bool | None]:
    """Whether admin and whether operator; ``role`` stands for both of them."""
    if body.role is None:
        return body.is_admin, body.operator
    is_admin, operator = body.role == "admin", body.role == "operator"
    if body.is_admin not in (None, is_admin) or body.operator not in (None, operator):
        raise InvalidInput("role", "does not go with is_admin and operator")
    return is_admin, operator


async def _show(caller: Caller, username: str) -> User:
    async with caller.transaction() as connection:
        member = await members.read(connection, username)
    if member is None:
        raise members.missing(username)
    return show_member(member, caller.principal)
