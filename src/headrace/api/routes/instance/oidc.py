"""Routes about identity tokens, by which jobs sign in elsewhere without a password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import ServerContext, WorkspaceCaller
from headrace.api.schemas.people.oidc import Jwks, OpenidConfiguration
from headrace.db.transaction import nobody
from headrace.errors import InvalidInput
from headrace.lifecycle import identity_token
from headrace.store import audit

public = APIRouter(prefix="/.well-known", tags=["oidc"])
"""What services elsewhere ask to check a token."""
router = APIRouter(prefix="/w/{workspace}/oidc", tags=["oidc"], route_class=CheckedRoute)

LONGEST_SECONDS = 86_400.0
Seconds = Annotated[float | None, Query(ge=1, le=LONGEST_SECONDS)]


@public.get("/openid-configuration")
async def get_openid_configuration(context: ServerContext) -> OpenidConfiguration:
    """Where the keys are that identity tokens are signed with, and what is in them."""
    issuer = _issuer(context.settings.url)
    return OpenidConfiguration(issuer=issuer, jwks_uri=f"{issuer}/.well-known/jwks.json")


@public.get("/jwks.json")
async def get_jwks(context: ServerContext) -> Jwks:
    """The public keys that identity tokens are signed with."""
    async with nobody(context.pool) as connection, connection.transaction():
        return Jwks(keys=await identity_token.published_keys(connection))


@router.post("/token/{audience:path}", response_class=PlainTextResponse)
async def get_oidc_token(audience: str, caller: WorkspaceCaller, expires_in: Seconds = None) -> str:
    """A token that says who one is, for one audience and so many seconds: an hour, or up to a day."""
    seconds = expires_in or 3600.0
    if not 0 < len(audience) <= 1000:
        raise InvalidInput("audience", "must have 1 to 1000 characters")
    async with caller.transaction() as connection:
        token = await identity_token.issue(
            connection,
            caller.principal,
            issuer=_issuer(caller.context.settings.url),
            audience=audience,
            seconds=seconds,
        )
        await audit.write(
            connection,
            caller.principal,
            "oidc.token",
            "Execute",
            audience,
            {"expires_in": seconds},
        )
    return token


def _issuer(url: str) -> str:
    return f"{url}/api"
