"""W4: no-op jobs enqueued while no worker runs, then drained by two slots."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.system import SCRIPT, System, per_job

_ENQUEUERS = 8
_LOOK_SECONDS = 0.25
_REPORTED_SECONDS = 11
"""A backend that has nothing to do reports its transactions within ten seconds."""


async def drain(system: System, jobs: int) -> dict[str, Any]:
    """One round: jobs per second from the first start to the last end, by the database's clock.

    CPU is counted from the moment the worker is ready, for the jobs that had not ended by then; commits
    from before the first job was enqueued, whoever makes them, but for our own looks.
    """
    system.witness.write_bytes(b"")
    commits = await system.commits()
    ids = await _enqueue(system, jobs)
    enqueued = time.monotonic()
    async with system.working():
        done, cpu = await _done(system, ids), system.cpu_ms()
        looks = 1
        while await _done(system, ids) < jobs:
            await asyncio.sleep(_LOOK_SECONDS)
            looks += 1
        cpu = per_job(system.cpu_ms(), cpu, jobs - done)
    await asyncio.sleep(max(0.0, _REPORTED_SECONDS - (time.monotonic() - enqueued)))
    commits = await system.commits() - commits - looks
    ended = await system.connection.fetchrow(
        "select count(*) as rows, extract(epoch from max(completed_at) - min(started_at))::float8 as seconds"
        " from job_history where id = any ($1::uuid[]) and status = 'success'",
        ids,
    )
    assert ended is not None
    return {
        "jobs": jobs,
        "completed_rows": ended["rows"],
        "distinct_pids": _distinct_pids(system.witness),
        "per_second": jobs / ended["seconds"],
        "cpu_ms": sum(cpu.values()),
        "cpu_ms_of": cpu,
        "commits": commits / jobs,
    }


async def _enqueue(system: System, jobs: int) -> list[UUID]:
    numbers = iter(range(jobs))
    ids: list[UUID] = []

    async def post_all() -> None:
        async with system.client() as client:
            for number in numbers:
                arguments = {"witness": str(system.witness), "number": number}
                answer = await client.post(f"/jobs/run/p/{SCRIPT}", json=arguments)
                ids.append(UUID(answer.raise_for_status().text))

    await asyncio.gather(*(post_all() for _ in range(_ENQUEUERS)))
    return ids


async def _done(system: System, ids: list[UUID]) -> int:
    return await system.connection.fetchval(
        "select count(*) from job_id where id = any ($1::uuid[]) and completed_at is not null", ids
    )


def _distinct_pids(witness: Path) -> int:
    return len({line.split()[1] for line in witness.read_text().splitlines()})
