"""Sorts what a database can throw: try again, away, or our own fault.

    expected   serialisation, deadlock, lock timeouts: the same transaction may succeed
    outage     the connection or the server is gone, or too busy to answer in time: wait until it is back
    bug        everything else

Decided here and nowhere else; the text of a database error never reaches a caller.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import asyncpg

from headrace.errors import Misconfigured, Unavailable

Result = TypeVar("Result")

log = logging.getLogger(__name__)

EXPECTED = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
)
OUTAGE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InsufficientResourcesError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # a connection that was told of PostgreSQL's end and is not closed yet
)
_LOGIN = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.UndefinedTableError,
    asyncpg.InvalidSchemaNameError,
)


def is_outage(error: BaseException) -> bool:
    """Whether this says that the database, or the way to it, is gone for the moment."""
    # A value that the driver can't send is an InterfaceError too, and a ValueError.
    return isinstance(error, (*OUTAGE, Unavailable)) and not isinstance(error, ValueError)


@contextmanager
def translated() -> Iterator[None]:
    """Turn outages and refused log-ins into our own errors; let everything else pass."""
    try:
        yield
    except _LOGIN as error:
        raise Misconfigured(f"PostgreSQL refuses us ({error}); has `headrace migrate` been run?") from error
    except OUTAGE as error:
        if not is_outage(error):
            raise
        raise Unavailable("the database can't be reached; it will be tried again") from error


async def retried(deed: Callable[[], Awaitable[Result]], times: int = 5) -> Result:
    """Carry out a whole transaction, again after an expected failure, with jitter in between."""
    for turn in range(times - 1):
        try:
            return await deed()
        except EXPECTED:
            await asyncio.sleep(random.uniform(0, 0.01 * 2**turn))  # noqa: S311 - jitter, not a secret
    return await deed()


async def until_back(deed: Callable[[], Awaitable[Result]], what: str, longest_pause: float = 2.0) -> Result:
    """Carry out a deed, again and again while the database is away, with jittered pauses.

    For deeds whose repetition is harmless only: one whose COMMIT went unanswered is done twice.
    """
    pause = 0.05
    while True:
        try:
            return await retried(deed)
        except (*OUTAGE, Unavailable) as error:
            if not is_outage(error):
                raise
            log.warning("%s: database away (%s), trying again", what, type(error).__name__)
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, not a secret
            pause = min(pause * 2, longest_pause)
