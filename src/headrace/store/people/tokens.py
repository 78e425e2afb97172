"""Tokens of people. Only their hashes are stored, and their first characters, to tell them apart."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.errors import NotFound
from headrace.permissions.identity import token_hash

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.scope import Scope

SQL = load_queries(__file__, "tokens.sql")

PREFIX_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; ``scopes`` is None where it may do all that its owner may."""

    prefix: str
    label: str
    workspace: str | None
    scopes: list[str] | None
    read_only: bool
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


def new_token() -> str:
    """A token's text: 256 random bits."""
    return secrets.token_hex(32)


async def add(  # noqa: PLR0913 - the columns of a token
    connection: Connection,
    email: str,
    token: str,
    *,
    label: str = "",
    workspace: str | None = None,
    expires_at: datetime | None = None,
    scopes: tuple[Scope, ...] | None = None,
    read_only: bool = False,
) -> None:
    """Store a token's hash; its text is shown to its owner once and kept nowhere.

    Its first characters are kept, to tell it from others, where that leaves enough to guess.
    """
    await SQL.add_token.run(
        connection,
        hash=token_hash(token),
        prefix=token[:PREFIX_LENGTH] if len(token) >= 3 * PREFIX_LENGTH else "",
        email=email,
        workspace=workspace,
        label=label,
        expires_at=expires_at,
        scopes=_texts(scopes),
        read_only=read_only,
    )


async def replace(connection: Connection, email: str, token: str, label: str) -> None:
    """Make this the only token of a user with this label."""
    await SQL.delete_other_tokens.run(connection, email=email, label=label, hash=token_hash(token))
    await SQL.add_token.run(
        connection,
        hash=token_hash(token),
        prefix="",
        email=email,
        workspace=None,
        label=label,
        expires_at=None,
        scopes=None,
        read_only=False,
    )


async def list_all(
    connection: Connection, email: str, workspace: str | None, *, limit: int, offset: int
) -> list[Token]:
    """The tokens of a user that are still good, latest first; with a workspace those bound to it."""
    rows = await SQL.list_tokens.rows(connection, email=email, workspace=workspace, most=limit, skip=offset)
    return [
        Token(
            prefix=row["prefix"],
            label=row["label"],
            workspace=row["workspace_id"],
            scopes=row["scopes"],
            read_only=row["read_only"],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            last_used_at=row["last_used_at"],
        )
        for row in rows
    ]


async def find(connection: Connection, email: str, workspace: str | None, prefix: str) -> list[bytes]:
    """The hashes of a user's tokens that begin so, locked; raises NotFound where there is none."""
    rows = await SQL.read_tokens.rows(connection, email=email, workspace=workspace, prefix=prefix)
    if not rows:
        raise NotFound(f"you have no token that begins with {prefix}")
    return [row["hash"] for row in rows]


async def remove(connection: Connection, email: str, hashes: list[bytes]) -> None:
    """Revoke tokens."""
    await SQL.delete_tokens.run(connection, email=email, hashes=hashes)


async def end_session(connection: Connection, token: bytes) -> bool:
    """Revoke the caller's token with this hash if it is a session's; returns whether it was."""
    return await SQL.end_session.value(connection, hash=token) is not None


async def set_label(connection: Connection, email: str, hashes: list[bytes], label: str) -> None:
    """Say what tokens are for."""
    await SQL.set_label.run(connection, email=email, hashes=hashes, label=label)


async def set_scopes(
    connection: Connection, email: str, hashes: list[bytes], scopes: tuple[Scope, ...] | None
) -> None:
    """Limit tokens anew; None lifts all limits but reading only."""
    await SQL.set_scopes.run(connection, email=email, hashes=hashes, scopes=_texts(scopes))


def _texts(scopes: tuple[Scope, ...] | None) -> list[str] | None:
    return None if scopes is None else [str(scope) for scope in scopes]
