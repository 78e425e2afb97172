"""Routes about the installation itself."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from headrace import __version__
from headrace.api.context import Context, InstanceCaller, ServerContext
from headrace.api.schemas.answers import json_response
from headrace.clock import now
from headrace.db.transaction import nobody
from headrace.errors import Unavailable
from headrace.store import instance

router = APIRouter(tags=["settings"])
"""What anybody may ask."""
signed_in = APIRouter(tags=["settings"])

# Clients take the version of the contract apart and switch features by it; ours stands behind it.
CONTRACT_VERSION = "CE v1.819.0"

HEALTH_SECONDS = 5.0
"""A database that takes longer to answer counts as away."""


@router.get("/version", response_class=PlainTextResponse)
async def backend_version() -> str:
    """The version of the contract that is served, then our own."""
    return f"{CONTRACT_VERSION} (headrace {__version__})"


@router.get("/health/status", tags=["health"])
async def get_health_status(context: ServerContext) -> Response:
    """What is well and what isn't: healthy, degraded (no worker) or unhealthy (no database)."""
    try:
        async with asyncio.timeout(HEALTH_SECONDS):
            workers = await _count_live_workers(context)
    except (Unavailable, TimeoutError):
        return _health("unhealthy", 503, is_database_healthy=False, workers=0)
    return _health("healthy" if workers else "degraded", 200, is_database_healthy=True, workers=workers)


@signed_in.get("/jobs/db_clock", tags=["job"])
async def get_db_clock(caller: InstanceCaller) -> int:
    """The database's clock, in milliseconds since 1970."""
    async with caller.transaction() as connection:
        return await instance.read_clock(connection)


async def _count_live_workers(context: Context) -> int:
    async with nobody(context.pool) as connection:
        return await instance.count_live_workers(connection)


def _health(status: str, status_code: int, *, is_database_healthy: bool, workers: int) -> Response:
    return json_response(
        {
            "status": status,
            "checked_at": now(),
            "database_healthy": is_database_healthy,
            "workers_alive": workers,
        },
        status_code,
    )
