"""One leader among all servers, by a lock that ends with its connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from headrace.db.connection import Login, connect
from headrace.db.failures import is_outage

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.settings import Settings

log = logging.getLogger(__name__)

_TRY_LOCK = "select pg_try_advisory_lock(hashtext('headrace.leader'))"
_TRY_SECONDS = 10.0
# A leader asks the database something every few seconds. One that has not for a lease and waits for
# nothing is stopped, or cut off without PostgreSQL knowing, and would keep its place for ever.
_END_STALLED = """
select pg_terminate_backend(l.pid)
from pg_locks l join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.granted and a.datname = current_database() and l.database = a.datid
  and (l.classid::bigint << 32) | l.objid::bigint = hashtext('headrace.leader')::bigint
  and a.state <> 'active' and a.state_change < now() - make_interval(secs => $1::float8)
"""


async def lead(login: Login, settings: Settings, services: Callable[[Connection], Awaitable[None]]) -> None:
    """Become leader when the place is free, run the services, and try again when they end; for ever.

    The services get the very connection that holds the lock: when it breaks they stop, before
    anybody else can have become leader for long.
    """
    while True:
        try:
            await _lead_once(login, settings, services)
        except Exception as error:
            if not is_outage(error):
                log.exception("the leader's services failed; starting them again")
        await asyncio.sleep(settings.rescue_seconds)


async def _lead_once(
    login: Login, settings: Settings, services: Callable[[Connection], Awaitable[None]]
) -> None:
    connection = await connect(login, "leader")
    try:
        while not await connection.fetchval(_TRY_LOCK, timeout=_TRY_SECONDS):
            await asyncio.sleep(settings.rescue_seconds)
            if await connection.fetchval(_END_STALLED, settings.lease_seconds, timeout=_TRY_SECONDS):
                log.error("the leader has not been heard of for a whole lease; its connection is ended")
        log.info("leading")
        await services(connection)
    finally:
        connection.terminate()
