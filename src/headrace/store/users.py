"""Users of the instance, their passwords and tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

import argon2

from headrace.db.queries import load_queries
from headrace.errors import Conflict, NotFound
from headrace.permissions.identity import token_hash

if TYPE_CHECKING:
    from headrace.db.connection import Connection

SQL = load_queries(__file__, "workspaces.sql")

_HASHER = argon2.PasswordHasher()

PREFIX_LENGTH = 10


@dataclass(frozen=True, slots=True)
class User:
    """A user of the instance."""

    email: str
    name: str | None
    is_superadmin: bool
    disabled: bool
    created_at: datetime


def hash_password(password: str) -> str:
    """Argon2id with a random salt; takes some 50 ms of CPU, on purpose."""
    return _HASHER.hash(password)


def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether a password is right; takes as long where there is none to compare with."""
    try:
        return _HASHER.verify(password_hash or _decoy(), password) and password_hash is not None
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


@cache
def _decoy() -> str:
    """Compared with where there is no such user, so that the answer takes as long."""
    return _HASHER.hash(secrets.token_hex(16))


def new_token() -> str:
    """A token's text: 256 random bits."""
    return secrets.token_hex(32)


async def add(
    connection: Connection,
    email: str,
    password: str | None,
    *,
    name: str | None = None,
    superadmin: bool = False,
) -> None:
    """Make a user; raises Conflict where the email is taken."""
    added = await SQL.add_user.value(
        connection,
        email=email,
        password_hash=hash_password(password) if password is not None else None,
        name=name,
        super_admin=superadmin,
    )
    if added is None:
        raise Conflict(f"user {email} exists already")


async def set_password(connection: Connection, email: str, password: str) -> None:
    """Replace a password; raises NotFound."""
    changed = await SQL.set_password.value(connection, email=email, password_hash=hash_password(password))
    if changed is None:
        raise NotFound(f"user {email} does not exist")


async def read(connection: Connection, email: str) -> User | None:
    """One user; None where there is none to see."""
    row = await SQL.read_user.row(connection, email=email)
    if row is None:
        return None
    return User(row["email"], row["name"], row["super_admin"], row["disabled"], row["created_at"])


async def list_all(connection: Connection) -> list[User]:
    """All users one may see."""
    return [
        User(row["email"], row["name"], row["super_admin"], row["disabled"], row["created_at"])
        for row in await SQL.list_users.rows(connection)
    ]


async def add_token(
    connection: Connection,
    email: str,
    token: str,
    *,
    label: str = "",
    workspace: str | None = None,
    expires_at: datetime | None = None,
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
    )


async def replace_token(connection: Connection, email: str, token: str, label: str) -> None:
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
    )
