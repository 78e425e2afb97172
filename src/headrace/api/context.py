"""What every route needs: the database, the switchboard, settings, and who asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from headrace.api.entrance.own_site import require_own_site
from headrace.api.entrance.trail import trail_of
from headrace.api.feeds import Feeds
from headrace.api.health import HealthWatch
from headrace.api.scopes import require_scope
from headrace.db.transaction import acting_as, nobody
from headrace.errors import NotAuthenticated
from headrace.model.principal import Principal
from headrace.permissions.identity import authenticate

if TYPE_CHECKING:
    from headrace.api.log_reader import LogReader
    from headrace.api.waiting import Waiters
    from headrace.blobs.blobs import Blobs
    from headrace.db.connection import Connection, Pool
    from headrace.db.listen import Switchboard
    from headrace.settings import Settings
    from headrace.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Context:
    """One per server process."""

    pool: Pool
    switchboard: Switchboard
    waiters: Waiters
    settings: Settings
    vault: Vault
    blobs: Blobs
    read_log: LogReader
    health: HealthWatch = field(default_factory=HealthWatch)
    feeds: Feeds = field(default_factory=Feeds)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and the way to act as them."""

    principal: Principal
    context: Context

    @property
    def workspace(self) -> str:
        """The workspace of the request's path."""
        if self.principal.workspace is None:
            raise AssertionError("this route has no workspace")
        return self.principal.workspace

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction in which the database knows the caller too."""
        async with acting_as(self.context.pool, self.principal) as connection:
            yield connection


def get_context(request: Request) -> Context:
    """The context that the application was made with."""
    return request.app.state.context


def check_site(request: Request) -> None:
    """Raise PermissionDenied for what a page of another site sends with the user's cookie."""
    base_url = get_context(request).settings.url
    require_own_site(request.method, request.headers, request.url.scheme, base_url)


def read_token(request: Request) -> str:
    """The token of a request: a bearer, the cookie ``token`` or, in the URL, ``?token=``.

    Raises NotAuthenticated without one, and PermissionDenied for a cookie that a foreign page makes use of.
    """
    token, _ = _credential(request)
    return token


def _credential(request: Request) -> tuple[str, bool]:
    """The token of a request, and whether it stands in the URL."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip(), False
    if cookie := request.cookies.get("token"):
        check_site(request)
        return cookie, False
    if token := request.query_params.get("token"):
        return token, True
    raise NotAuthenticated("this needs a token: send it as `Authorization: Bearer <token>`")


# For the description only: tokens are read above, and what is missing is told there.
_BEARER = Security(HTTPBearer(auto_error=False, scheme_name="token"))


async def instance_caller(request: Request, _: Annotated[object, _BEARER] = None) -> Caller:
    """Who asks, outside any workspace. Raises NotAuthenticated, or PermissionDenied by the token's scopes."""
    return await _caller(request, None)


async def workspace_caller(request: Request, workspace: str, _: Annotated[object, _BEARER] = None) -> Caller:
    """Who asks, as a member of the path's workspace. Raises NotFound besides."""
    return await _caller(request, workspace)


async def _caller(request: Request, workspace: str | None) -> Caller:
    context = get_context(request)
    token, is_in_url = _credential(request)
    async with nobody(context.pool) as connection:
        principal = await authenticate(connection, token, workspace)
    trail_of(request.scope).who = principal.email
    require_scope(request, principal, is_in_url=is_in_url)
    return Caller(principal, context)


async def _turn_to_wait(caller: Annotated[Caller, Depends(workspace_caller)]) -> AsyncIterator[None]:
    with caller.context.waiters.turns.take(caller.principal.email):
        yield


TURN_TO_WAIT = Depends(_turn_to_wait)
"""For ``dependencies`` of a route that waits for a job: refused at once, before it has done anything, where
too many wait already; held until the answer has been sent."""


async def _turn_to_follow(caller: Annotated[Caller, Depends(workspace_caller)]) -> AsyncIterator[None]:
    with caller.context.feeds.turns.take(caller.principal.email):
        yield


TURN_TO_FOLLOW = Depends(_turn_to_follow)
"""The same for a route that answers with events: held until the stream has ended or its reader has gone."""

OwnSite = Annotated[None, Depends(check_site)]
"""For a route that sets the cookie: no other site may sign somebody in."""
InstanceCaller = Annotated[Caller, Depends(instance_caller)]
WorkspaceCaller = Annotated[Caller, Depends(workspace_caller)]
ServerContext = Annotated[Context, Depends(get_context)]
