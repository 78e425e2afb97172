"""Looks how the installation is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from headrace import __version__
from headrace.api.schemas.health import (
    DatabaseHealth,
    DetailedHealth,
    HealthChecks,
    HealthStatus,
    PoolStats,
    QueueHealth,
    Readiness,
    WorkersHealth,
)
from headrace.clock import monotonic, now
from headrace.db.transaction import nobody
from headrace.errors import Unavailable
from headrace.store import instance

if TYPE_CHECKING:
    from headrace.db.connection import Pool

PATIENCE_SECONDS = 5.0
"""A database that takes longer to answer counts as away."""
FRESH_SECONDS = 5.0
"""A look this old is good enough: anybody may ask, as often as they like."""


class HealthWatch:
    """The last look of a server at the health of its installation."""

    def __init__(self) -> None:
        self._last: HealthStatus | None = None
        self._looked_at = 0.0

    async def look(self, pool: Pool, *, fresh: bool) -> HealthStatus:
        """How it is, looked at anew if asked to, or if the last look is too old."""
        if fresh or self._last is None or monotonic() - self._looked_at > FRESH_SECONDS:
            self._last = await _look(pool)
            self._looked_at = monotonic()
        return self._last


async def look_closely(pool: Pool, *, with_queue: bool) -> DetailedHealth:
    """How each part is, just now. Raises Unavailable without a database."""
    began = monotonic()
    async with nobody(pool) as connection:
        workers = await instance.describe_workers(connection)
        latency = monotonic() - began
        counted = await instance.count_jobs(connection) if with_queue else None
    stats = PoolStats(size=pool.get_size(), idle=pool.get_idle_size(), max_connections=pool.get_max_size())
    checks = HealthChecks(
        database=DatabaseHealth(healthy=True, latency_ms=round(latency * 1000), pool=stats),
        readiness=Readiness(healthy=True),
        workers=WorkersHealth(
            healthy=workers.active > 0,
            active_count=workers.active,
            worker_groups=workers.groups,
            min_version=__version__,
            versions=workers.versions,
        ),
    )
    if counted is not None:
        checks.queue = QueueHealth(pending_jobs=counted[0], running_jobs=counted[1])
    return DetailedHealth(
        status="healthy" if workers.active else "degraded",
        checked_at=now(),
        version=__version__,
        checks=checks,
    )


async def _look(pool: Pool) -> HealthStatus:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), nobody(pool) as connection:
            workers = await instance.count_live_workers(connection)
    except (Unavailable, TimeoutError):
        return HealthStatus(status="unhealthy", checked_at=now(), database_healthy=False, workers_alive=0)
    return HealthStatus(
        status="healthy" if workers else "degraded",
        checked_at=now(),
        database_healthy=True,
        workers_alive=workers,
    )
