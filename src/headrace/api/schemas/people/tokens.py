"""Tokens in the shape of the public contract."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from headrace.api.instants import Instant
from headrace.model.scope import DOMAINS, RUN, RUN_FLOWS, RUN_SCRIPTS, WITH_PATHS

if TYPE_CHECKING:
    from headrace.store.people.tokens import Token

Label = Annotated[str, StringConstraints(max_length=200)]


class NewToken(BaseModel):
    """Body of a new token."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"label": "webhook", "scopes": ["jobs:run:scripts:f/shop/order"]}],
        }
    )

    label: Label | None = None
    expiration: Instant | None = None
    workspace_id: str | None = None
    scopes: list[str] | None = None
    read_only: bool | None = None


class TokenLabel(BaseModel):
    """Body of another label."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"label": "webhook of the shop"}]})

    label: Label | None = None


class TokenScopes(BaseModel):
    """Body of other scopes; null lifts them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"scopes": ["scripts:read"]}]})

    scopes: list[str] | None = None


class TruncatedToken(BaseModel):
    """A token without its text. One that was never used shows when it was made as ``last_used_at``."""

    token_prefix: str
    label: str | None = None
    created_at: datetime
    last_used_at: datetime
    expiration: datetime | None = None
    scopes: list[str] | None = None
    read_only: bool
    email: str
    workspace_id: str | None = None


class ScopeDefinition(BaseModel):
    """A scope that a token can have."""

    value: str
    label: str
    requires_resource_path: bool


class ScopeDomain(BaseModel):
    """What the scopes of one domain are."""

    name: str
    scopes: list[ScopeDefinition]


def show_token(token: Token, email: str) -> TruncatedToken:
    """A token as the contract's ``TruncatedToken``."""
    return TruncatedToken(
        token_prefix=token.prefix,
        label=token.label or None,
        created_at=token.created_at,
        last_used_at=token.last_used_at or token.created_at,
        expiration=token.expires_at,
        scopes=token.scopes,
        read_only=token.read_only,
        email=email,
        workspace_id=token.workspace,
    )


def show_domains() -> list[ScopeDomain]:
    """All scopes there are."""
    return [ScopeDomain(name=domain, scopes=_scopes(domain)) for domain in sorted(DOMAINS)]


def _scopes(domain: str) -> list[ScopeDefinition]:
    actions = ("read", "write", RUN, RUN_SCRIPTS, RUN_FLOWS) if domain == "jobs" else ("read", "write")
    return [
        ScopeDefinition(
            value=f"{domain}:{action}",
            label=f"{action.replace(':', ' ').capitalize()} {domain.replace('_', ' ')}",
            requires_resource_path=domain in WITH_PATHS or action in (RUN_SCRIPTS, RUN_FLOWS),
        )
        for action in actions
    ]
