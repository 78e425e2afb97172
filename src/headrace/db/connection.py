"""What a connection is, and pools of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg

from headrace.db.failures import translated
from headrace.errors import Misconfigured

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Record = asyncpg.Record
    OwnConnection = asyncpg.Connection[Record]
    Connection = OwnConnection | PoolConnectionProxy[Record]
    Pool = asyncpg.Pool[Record]

SCHEMA = "headrace"


def without_login(url: str) -> str:
    """A database's URL without user and password: where it is, and nothing that lets anybody in.

    Raises Misconfigured for what is no URL of a PostgreSQL.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgresql", "postgres"):
        raise Misconfigured("database_url must begin with postgresql://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in: a PostgreSQL URL, and the user and password that take the place of those in it."""

    url: str
    user: str | None = None
    password: str | None = None

    def options(self, application: str) -> dict[str, Any]:
        """Keyword arguments for asyncpg's ``connect`` and ``create_pool``."""
        options: dict[str, Any] = {
            "dsn": self.url,
            "timeout": 10,
            "server_settings": {
                "search_path": SCHEMA,
                "application_name": f"headrace {application}",
                "timezone": "UTC",
                "jit": "off",
                # Locks of a process that stopped, or of a machine that is gone, are freed without it.
                "idle_in_transaction_session_timeout": "30s",
                "tcp_keepalives_idle": "10",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "4",
            },
        }
        if self.user is not None:
            options |= {"user": self.user, "password": self.password}
        return options


async def connect(login: Login, application: str) -> OwnConnection:
    """Open one connection; raises Unavailable or Misconfigured with the reason."""
    with translated():
        return await asyncpg.connect(**login.options(application))


async def connect_by_key(login: Login, application: str) -> OwnConnection:
    """Open a connection for a few statements that are carried out again and again and go by keys alone.

    They are planned once, not each time: planning takes longer than carrying them out. So that a plan made on
    empty tables is good for full ones, none may walk through a table.
    """
    options = login.options(application)
    options["server_settings"] |= {
        "plan_cache_mode": "force_generic_plan",
        "enable_seqscan": "off",
        "enable_bitmapscan": "off",
        "enable_hashjoin": "off",
        "enable_mergejoin": "off",
    }
    with translated():
        return await asyncpg.connect(**options)


async def open_pool(login: Login, application: str, size: int) -> Pool:
    """Open a pool of at most ``size`` connections, of which one is kept open.

    A statement that takes longer than a minute is given up: nothing we ask should.
    """
    with translated():
        return await asyncpg.create_pool(
            **login.options(application), min_size=1, max_size=size, command_timeout=60, reset=_reset
        )


async def _reset(connection: Connection) -> None:
    """Reset a connection that goes back to its pool, if need be.

    Nothing that we set on a session outlives its transaction, so the round trip that asyncpg makes at
    each return is for one whose transaction was not ended.
    """
    if connection.is_in_transaction():
        await connection.reset()
