"""Transactions, with the identity that row-level security reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from headrace.db.failures import translated

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Pool
    from headrace.model.principal import Principal

_IDENTIFY = (
    "select set_config('headrace.workspace', $1, true), set_config('headrace.email', $2, true),"
    " set_config('headrace.username', $3, true), set_config('headrace.admin', $4, true),"
    " set_config('headrace.superadmin', $5, true), set_config('headrace.identities', $6, true),"
    " set_config('headrace.readable', $7, true), set_config('headrace.writable', $8, true),"
    " set_config('headrace.job', $9, true), set_config('headrace.owned', $10, true)"
)


@asynccontextmanager
async def acting_as(pool: Pool, principal: Principal) -> AsyncIterator[Connection]:
    """A transaction in which the database, too, knows who asks. Raises Unavailable in an outage."""
    with translated():
        async with pool.acquire(timeout=10) as connection, connection.transaction():
            await connection.execute(_IDENTIFY, *_settings(principal))
            yield connection


@asynccontextmanager
async def nobody(pool: Pool) -> AsyncIterator[Connection]:
    """A connection without any identity, as before somebody has signed in."""
    with translated():
        async with pool.acquire(timeout=10) as connection:
            yield connection


def _settings(principal: Principal) -> list[str]:
    return [
        principal.workspace or "",
        principal.email,
        principal.username,
        "true" if principal.is_admin else "false",
        "true" if principal.is_superadmin else "false",
        ",".join(principal.identities),
        ",".join(principal.readable),
        ",".join(principal.writable),
        str(principal.job or ""),
        ",".join(principal.owned),
    ]
