"""Routes about users: signing in, who one is, tokens."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, StringConstraints

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, InstanceCaller, OwnSite, ServerContext, WorkspaceCaller
from headrace.api.instants import Instant
from headrace.api.schemas.answers import json_response, without_none
from headrace.clock import now
from headrace.db.transaction import nobody
from headrace.errors import InvalidInput, NotAuthenticated, PermissionDenied
from headrace.permissions import check, identity
from headrace.store import audit, users, workspaces

router = APIRouter(tags=["user"], route_class=CheckedRoute)
in_workspace = APIRouter(prefix="/w/{workspace}/users", tags=["user"], route_class=CheckedRoute)

SESSION_DAYS = 3


class Credentials(BaseModel):
    """Body of a login."""

    email: str
    password: str


class NewToken(BaseModel):
    """Body of a new token."""

    label: Annotated[str, StringConstraints(max_length=200)] | None = None
    expiration: Instant | None = None
    workspace_id: str | None = None
    scopes: list[str] | None = None
    read_only: bool | None = None


@router.post("/auth/login", response_class=PlainTextResponse)
async def login(body: Credentials, context: ServerContext, _: OwnSite) -> PlainTextResponse:
    """A session's token, as text and as the cookie ``token``."""
    async with nobody(context.pool) as connection:
        row = await identity.SQL.find_password.row(connection, email=body.email)
    password_hash = row["password_hash"] if row else None
    is_right = await asyncio.to_thread(users.password_matches, password_hash, body.password)
    if not is_right:
        raise NotAuthenticated("email or password is wrong")
    token = users.new_token()
    async with nobody(context.pool) as connection:
        await identity.SQL.add_session_token.run(
            connection,
            hash=identity.token_hash(token),
            prefix=token[: users.PREFIX_LENGTH],
            email=body.email,
            expires_at=now() + timedelta(days=SESSION_DAYS),
        )
    response = PlainTextResponse(token)
    response.set_cookie(
        "token",
        token,
        max_age=SESSION_DAYS * 86400,
        httponly=True,
        samesite="lax",
        secure=context.settings.url.startswith("https:"),
    )
    return response


@router.get("/users/whoami")
async def global_whoami(caller: InstanceCaller) -> Response:
    """Who one is on the instance."""
    principal = caller.principal
    async with caller.transaction() as connection:
        user = await users.read(connection, principal.email)
    return json_response(
        without_none(
            email=principal.email,
            login_type="password",
            super_admin=principal.is_superadmin,
            verified=True,
            first_time_user=False,
            role_source="manual",
            disabled=False,
            name=user.name if user else None,
            username=principal.username if principal.job else None,
            workspace_id=principal.workspace,
        )
    )


@in_workspace.get("/whoami")
async def whoami(caller: WorkspaceCaller) -> Response:
    """Who one is in a workspace."""
    principal = caller.principal
    async with caller.transaction() as connection:
        member = await workspaces.read_member(connection, caller.workspace, principal.username)
    return json_response(
        without_none(
            email=principal.email,
            username=principal.username,
            is_admin=principal.is_admin,
            is_super_admin=principal.is_superadmin,
            # A superadmin need not be a member, yet has to show an instant.
            created_at=member.created_at if member else now(),
            operator=principal.is_operator,
            disabled=False,
            groups=list(principal.groups),
            folders=_folders(principal.writable),
            folders_read=_folders(principal.readable),
            folders_owners=_folders(principal.writable),
            non_member=None if member else True,
        )
    )


@router.post("/users/tokens/create", status_code=201, response_class=PlainTextResponse)
async def create_token(body: NewToken, caller: InstanceCaller) -> str:
    """A new token of one's own; its text is shown this once."""
    check.require_person(caller.principal)
    if body.scopes is not None:
        raise InvalidInput("scopes", "tokens can't be limited to scopes; leave it out for all of your rights")
    if body.read_only:
        raise InvalidInput("read_only", "tokens can't be limited to reading; leave it out")
    workspace = _workspace_of_token(body, caller)
    token = users.new_token()
    prefix = token[: users.PREFIX_LENGTH]
    async with caller.transaction() as connection:
        if workspace is not None and not await workspaces.exists(connection, workspace):
            raise InvalidInput("workspace_id", f"workspace {workspace} does not exist, or you may not see it")
        await users.add_token(
            connection,
            caller.principal.email,
            token,
            label=body.label or "",
            workspace=workspace,
            expires_at=body.expiration,
        )
        await audit.write(connection, caller.principal, "users.token.create", "Created", prefix)
    return token


def _workspace_of_token(body: NewToken, caller: Caller) -> str | None:
    """A token that is bound to a workspace makes only tokens that are bound to it, too."""
    bound_to = caller.principal.workspace
    if bound_to is not None and body.workspace_id not in (None, bound_to):
        raise PermissionDenied(f"your token is for workspace {bound_to}; it can't make one for another")
    return bound_to or body.workspace_id


def _folders(owners: tuple[str, ...]) -> list[str]:
    return [owner.removeprefix("f/") for owner in owners if owner.startswith("f/")]
