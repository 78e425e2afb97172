"""What every route needs: the database, the switchboard, settings, and who asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

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


@dataclass(frozen=True, slots=True)
class Context:
    """One per server process."""

    pool: Pool
    switchboard: Switchboard
    waiters: Waiters
    settings: Settings
    blobs: Blobs
    read_log: LogReader


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


def read_token(request: Request) -> str:
    """The token of a request: a bearer, or the cookie ``token``. Raises NotAuthenticated without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    if cookie := request.cookies.get("token"):
        return cookie
    raise NotAuthenticated("this needs a token: send it as `Authorization: Bearer <token>`")


# For the description only: read_token also takes the cookie, and tells what is missing.
_BEARER = Security(HTTPBearer(auto_error=False, scheme_name="token"))


async def instance_caller(request: Request, _: Annotated[object, _BEARER] = None) -> Caller:
    """Who asks, outside any workspace. Raises NotAuthenticated."""
    context = get_context(request)
    token = read_token(request)
    async with nobody(context.pool) as connection:
        return Caller(await authenticate(connection, token, None), context)


async def workspace_caller(request: Request, workspace: str, _: Annotated[object, _BEARER] = None) -> Caller:
    """Who asks, as a member of the path's workspace. Raises NotAuthenticated or NotFound."""
    context = get_context(request)
    token = read_token(request)
    async with nobody(context.pool) as connection:
        return Caller(await authenticate(connection, token, workspace), context)


InstanceCaller = Annotated[Caller, Depends(instance_caller)]
WorkspaceCaller = Annotated[Caller, Depends(workspace_caller)]
ServerContext = Annotated[Context, Depends(get_context)]
