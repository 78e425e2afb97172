"""Transactions, with the identity that row-level security reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from headrace.db.failures import translated
from headrace.errors import Unavailable

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Pool
    from headrace.model.principal import Principal

_PATIENCE_SECONDS = 10.0
"""How long a request waits for a connection, or for a new one to be opened."""

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
        async with _connection(pool) as connection, connection.transaction():
            await connection.execute(_IDENTIFY, *_settings(principal))
            yield connection


@asynccontextmanager
async def nobody(pool: Pool) -> AsyncIterator[Connection]:
    """A connection without any identity, as before somebody has signed in."""
    with translated():
        async with _connection(pool) as connection:
            yield connection


@asynccontextmanager
async def _connection(pool: Pool) -> AsyncIterator[Connection]:
    """A connection of the pool; raises Unavailable where none gets free in time."""
    try:
        connection = await pool.acquire(timeout=_PATIENCE_SECONDS)
    except TimeoutError:
        if pool.get_idle_size() or pool.get_size() < pool.get_max_size():
            raise
        raise Unavailable("all database connections are busy (setting database_connections)") from None
    try:
        yield connection
    finally:
        await pool.release(connection)


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
