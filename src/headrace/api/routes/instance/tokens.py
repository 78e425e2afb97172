"""Routes about one's own tokens."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, InstanceCaller
from headrace.api.pages import Page
from headrace.api.schemas.people.tokens import (
    NewToken,
    ScopeDomain,
    TokenLabel,
    TokenScopes,
    TruncatedToken,
    show_domains,
    show_token,
)
from headrace.errors import InvalidInput, PermissionDenied
from headrace.model.scope import Scope, parse_scopes
from headrace.permissions import check
from headrace.store import audit, workspaces
from headrace.store.people import tokens

router = APIRouter(tags=["user"], route_class=CheckedRoute)


@router.post("/users/tokens/create", status_code=201, response_class=PlainTextResponse)
async def create_token(body: NewToken, caller: InstanceCaller) -> str:
    """A new token of one's own; its text is shown this once."""
    check.require_person(caller.principal)
    scopes = _scopes(body.scopes, caller)
    workspace = _workspace_of_token(body, caller)
    token = tokens.new_token()
    prefix = token[: tokens.PREFIX_LENGTH]
    async with caller.transaction() as connection:
        if workspace is not None and not await workspaces.exists(connection, workspace):
            raise InvalidInput("workspace_id", f"workspace {workspace} does not exist, or you may not see it")
        await tokens.add(
            connection,
            caller.principal.email,
            token,
            label=body.label or "",
            workspace=workspace,
            expires_at=body.expiration,
            scopes=scopes,
            read_only=bool(body.read_only),
        )
        await audit.write(connection, caller.principal, "users.token.create", "Created", prefix)
    return token


@router.get("/users/tokens/list", response_model_exclude_none=True)
async def list_tokens(
    caller: InstanceCaller, page: Page, exclude_ephemeral: bool = False
) -> list[TruncatedToken]:
    """One's tokens that are still good, latest first. Those of jobs are never among them."""
    del exclude_ephemeral  # the tokens of jobs are the ephemeral ones
    principal = caller.principal
    check.require_person(principal)
    async with caller.transaction() as connection:
        found = await tokens.list_all(
            connection, principal.email, principal.workspace, limit=page.size, offset=page.offset
        )
    return [show_token(token, principal.email) for token in found]


@router.delete("/users/tokens/delete/{token_prefix}", response_class=PlainTextResponse)
async def delete_token(token_prefix: str, caller: InstanceCaller) -> str:
    """Revoke the token of one's own that begins so."""
    principal = caller.principal
    check.require_person(principal)
    async with caller.transaction() as connection:
        found = await tokens.find(connection, principal.email, principal.workspace, token_prefix)
        await tokens.remove(connection, principal.email, found)
        await audit.write(connection, principal, "users.token.delete", "Delete", token_prefix)
    return f"token {token_prefix} revoked"


@router.post("/users/tokens/update_label/{token_prefix}", response_class=PlainTextResponse)
async def update_token_label(token_prefix: str, body: TokenLabel, caller: InstanceCaller) -> str:
    """Say what a token is for."""
    principal = caller.principal
    check.require_person(principal)
    async with caller.transaction() as connection:
        found = await tokens.find(connection, principal.email, principal.workspace, token_prefix)
        await tokens.set_label(connection, principal.email, found, body.label or "")
        await audit.write(connection, principal, "users.update", "Updated", token_prefix)
    return f"label of token {token_prefix} updated"


@router.post("/users/tokens/update_scopes/{token_prefix}", response_class=PlainTextResponse)
async def update_token_scopes(token_prefix: str, body: TokenScopes, caller: InstanceCaller) -> str:
    """Limit a token anew, or lift its limits with null. Whether it only reads stays as it was."""
    principal = caller.principal
    check.require_person(principal)
    scopes = _scopes(body.scopes, caller)
    async with caller.transaction() as connection:
        found = await tokens.find(connection, principal.email, principal.workspace, token_prefix)
        await tokens.set_scopes(connection, principal.email, found, scopes)
        await audit.write(connection, principal, "users.update", "Updated", token_prefix)
    return f"scopes of token {token_prefix} updated"


@router.get("/tokens/list/scopes")
async def list_available_scopes(caller: InstanceCaller) -> list[ScopeDomain]:
    """All scopes that a token can be limited to."""
    check.require_person(caller.principal)
    return show_domains()


def _scopes(texts: list[str] | None, caller: Caller) -> tuple[Scope, ...] | None:
    scopes = None if texts is None else parse_scopes(texts)
    check.require_no_wider(caller.principal, scopes)
    return scopes


def _workspace_of_token(body: NewToken, caller: Caller) -> str | None:
    """A token that is bound to a workspace makes only tokens that are bound to it, too."""
    bound_to = caller.principal.workspace
    if bound_to is not None and body.workspace_id not in (None, bound_to):
        raise PermissionDenied(f"your token is for workspace {bound_to}; it can't make one for another")
    return bound_to or body.workspace_id
