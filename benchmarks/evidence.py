"""What is known of jobs from outside: rows, how they were kept apart, processes that were there."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

from benchmarks.task import distinct_processes

if TYPE_CHECKING:
    from benchmarks.system import System

Figures = dict[str, Any]

_LOOK_SECONDS = 0.2


async def begin(system: System) -> datetime:
    """From now on lines and rows are counted; the moment by the database's clock."""
    system.witness.write_bytes(b"")
    return await system.connection.fetchval("select clock_timestamp()")


async def ended(system: System, script: str, since: datetime) -> int:
    """How many jobs of a script have ended."""
    return await system.connection.fetchval(
        "select count(*) from job_history where path = $1 and created_at >= $2", script, since
    )


async def until_ended(system: System, script: str, since: datetime, jobs: int) -> int:
    """Wait until that many have ended; returns how often it looked."""
    looks = 1
    while await ended(system, script, since) < jobs:
        await asyncio.sleep(_LOOK_SECONDS)
        looks += 1
    return looks


async def evidence(system: System, script: str, since: datetime) -> Figures:
    """``completed_rows``, ``processes`` and the ``isolation`` levels in the rows of a script's jobs."""
    row = await system.connection.fetchrow(
        "select count(*) as rows, array_agg(distinct isolation) as levels from job_history"
        " where path = $1 and created_at >= $2 and status = 'success'",
        script,
        since,
    )
    assert row is not None
    return {
        "completed_rows": row["rows"],
        "isolation": ", ".join(sorted(row["levels"] or [])),
        "processes": distinct_processes(system.witness),
    }
