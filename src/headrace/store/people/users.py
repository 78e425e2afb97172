"""Users of the instance, and their passwords."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

import argon2

from headrace.db.queries import load_queries
from headrace.errors import Conflict, NotFound

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record

SQL = load_queries(__file__, "users.sql")

_HASHER = argon2.PasswordHasher()


@dataclass(frozen=True, slots=True)
class User:
    """A user of the instance."""

    email: str
    name: str | None
    company: str | None
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


async def add(
    connection: Connection,
    email: str,
    password_hash: str | None,
    *,
    name: str | None = None,
    company: str | None = None,
    superadmin: bool = False,
) -> None:
    """Make a user; raises Conflict where the email is taken."""
    added = await SQL.add_user.count(
        connection,
        email=email,
        password_hash=password_hash,
        name=name,
        company=company,
        super_admin=superadmin,
    )
    if not added:
        raise Conflict(f"user {email} exists already")


async def set_password(connection: Connection, email: str, password_hash: str) -> None:
    """Replace a password, as the owner of the database; raises NotFound."""
    if await SQL.set_password.value(connection, email=email, password_hash=password_hash) is None:
        raise _missing(email)


async def set_own_password(connection: Connection, password_hash: str, kept_token: bytes) -> bool:
    """Replace the caller's password and end all their sessions but the one with this hash of a token."""
    return await SQL.set_own_password.value(connection, password_hash=password_hash, kept_token=kept_token)


async def set_password_of(connection: Connection, email: str, password_hash: str) -> None:
    """Replace somebody's password and end all their sessions, for superadmins; raises NotFound."""
    if not await SQL.set_password_of.value(connection, email=email, password_hash=password_hash):
        raise _missing(email)


async def read(connection: Connection, email: str) -> User | None:
    """One user; None where there is none to see."""
    row = await SQL.read_user.row(connection, email=email)
    return _user_of(row) if row else None


async def list_all(connection: Connection, *, limit: int | None = None, offset: int = 0) -> list[User]:
    """Users one may see, by email."""
    return [_user_of(row) for row in await SQL.list_users.rows(connection, most=limit, skip=offset)]


async def change(
    connection: Connection,
    email: str,
    *,
    name: str | None = None,
    superadmin: bool | None = None,
    disabled: bool | None = None,
) -> None:
    """Change what is not None, for superadmins; raises NotFound."""
    changed = await SQL.change_user.value(
        connection, email=email, name=name, super_admin=superadmin, disabled=disabled
    )
    if changed is None:
        raise _missing(email)


async def remove(connection: Connection, email: str) -> None:
    """Remove a user with tokens, drafts and memberships, for superadmins; raises NotFound."""
    if not await SQL.remove_user.value(connection, email=email):
        raise _missing(email)


def _missing(email: str) -> NotFound:
    return NotFound(f"user {email} does not exist")


def _user_of(row: Record) -> User:
    return User(
        email=row["email"],
        name=row["name"],
        company=row["company"],
        is_superadmin=row["super_admin"],
        disabled=row["disabled"],
        created_at=row["created_at"],
    )
