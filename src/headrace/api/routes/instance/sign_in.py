"""Routes about signing in and out, and one's own password."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import InstanceCaller, OwnSite, ServerContext, read_token
from headrace.api.schemas.people.users import Credentials, NewPassword
from headrace.clock import now
from headrace.db.transaction import nobody
from headrace.errors import InvalidInput, NotAuthenticated
from headrace.model.email import folded
from headrace.model.principal import Principal
from headrace.permissions import check, identity
from headrace.store import audit
from headrace.store.people import tokens, users

router = APIRouter(tags=["user"], route_class=CheckedRoute)
"""What anybody may ask."""
signed_in = APIRouter(tags=["user"], route_class=CheckedRoute)

SESSION_DAYS = 3


@router.post("/auth/login", response_class=PlainTextResponse)
async def login(body: Credentials, context: ServerContext, _: OwnSite) -> PlainTextResponse:
    """A session's token, as text and as the cookie ``token``."""
    tried = folded(body.email)
    async with nobody(context.pool) as connection:
        row = await identity.SQL.find_password.row(connection, email=tried)
    password_hash = row["password_hash"] if row else None
    is_right = await asyncio.to_thread(users.password_matches, password_hash, body.password)
    if row is None or not is_right:
        async with nobody(context.pool) as connection:
            await audit.write(connection, Principal(tried, tried), "users.login_failure", "Execute", None)
        raise NotAuthenticated("email or password is wrong")
    email: str = row["email"]
    token = tokens.new_token()
    async with nobody(context.pool) as connection, connection.transaction():
        await identity.SQL.add_session_token.run(
            connection,
            hash=identity.token_hash(token),
            prefix=token[: tokens.PREFIX_LENGTH],
            email=email,
            expires_at=now() + timedelta(days=SESSION_DAYS),
        )
        await audit.write(connection, Principal(email, email), "users.login", "Execute", email)
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


@signed_in.post("/auth/logout", response_class=PlainTextResponse)
async def logout(request: Request, caller: InstanceCaller) -> PlainTextResponse:
    """End the session that asks. A token that is no session's is revoked by its prefix instead."""
    check.require_person(caller.principal)
    async with caller.transaction() as connection:
        if not await tokens.end_session(connection, identity.token_hash(read_token(request))):
            raise InvalidInput("token", "is not of a session; revoke it with users/tokens/delete")
        email = caller.principal.email
        await audit.write(connection, caller.principal, "users.logout", "Execute", email)
    response = PlainTextResponse("signed out")
    response.delete_cookie("token")
    return response


@signed_in.post("/users/setpassword", response_class=PlainTextResponse)
async def set_password(body: NewPassword, request: Request, caller: InstanceCaller) -> str:
    """Give oneself another password. All other sessions of one's end."""
    check.require_person(caller.principal)
    check.require_unbound(caller.principal)
    password_hash = await asyncio.to_thread(users.hash_password, body.password)
    email = caller.principal.email
    async with caller.transaction() as connection:
        await users.set_own_password(connection, password_hash, identity.token_hash(read_token(request)))
        await audit.write(connection, caller.principal, "users.setpassword", "Updated", email)
    return "password updated"
