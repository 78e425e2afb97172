"""How an installation is, as its watchers are told."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

Status = Literal["healthy", "degraded", "unhealthy"]


class HealthStatus(BaseModel):
    """In short: ``degraded`` without any worker, ``unhealthy`` without a database."""

    status: Status
    checked_at: datetime
    database_healthy: bool
    workers_alive: int


class PoolStats(BaseModel):
    """Database connections of the server that answers."""

    size: int
    idle: int
    max_connections: int


class DatabaseHealth(BaseModel):
    """Whether the database answers, and how long that took."""

    healthy: bool
    latency_ms: int
    pool: PoolStats


class WorkersHealth(BaseModel):
    """The workers that renew their leases; ``min_version`` is the oldest one that this server works with."""

    healthy: bool
    active_count: int
    worker_groups: list[str]
    min_version: str
    versions: list[str]


class QueueHealth(BaseModel):
    """Jobs of all workspaces."""

    pending_jobs: int
    running_jobs: int


class Readiness(BaseModel):
    """Whether this server takes requests."""

    healthy: bool


class HealthChecks(BaseModel):
    """What was looked at; ``queue`` is for superadmins."""

    database: DatabaseHealth
    readiness: Readiness
    workers: WorkersHealth | None = None
    queue: QueueHealth | None = None


class DetailedHealth(BaseModel):
    """At length."""

    status: Status
    checked_at: datetime
    version: str
    checks: HealthChecks
