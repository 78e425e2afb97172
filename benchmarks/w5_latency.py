"""W5: one trivial job after another on an idle system, asked for and answered over one connection."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

from benchmarks.system import SCRIPT, WORKSPACE, System, per_job

_WARM_UP = 5


async def ask(system: System, calls: int) -> dict[str, Any]:
    """One round: milliseconds of each call by the client's clock, CPU of the whole system per job."""
    system.witness.write_bytes(b"")
    async with system.working():
        before = await _rows(system)
        await asyncio.to_thread(_ask, system, _WARM_UP)
        cpu = system.cpu_ms()
        times = await asyncio.to_thread(_ask, system, calls)
        cpu = per_job(system.cpu_ms(), cpu, calls)
        rows = await _rows(system) - before - _WARM_UP
    pids = {line.split()[1] for line in system.witness.read_text().splitlines()}
    return {
        "calls": calls,
        "completed_rows": rows,
        "distinct_pids": len(pids) - _WARM_UP,
        "times_ms": times,
        "cpu_ms": sum(cpu.values()),
        "cpu_ms_of": cpu,
    }


def _ask(system: System, calls: int) -> list[float]:
    """The plainest client there is, so that the figure is the server's."""
    where = urlsplit(system.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    headers = {"Authorization": f"Bearer {system.token}", "Content-Type": "application/json"}
    times: list[float] = []
    for number in range(calls):
        body = json.dumps({"witness": str(system.witness), "number": number})
        began = time.perf_counter()
        connection.request("POST", f"/api/w/{WORKSPACE}/jobs/run_wait_result/p/{SCRIPT}", body, headers)
        response = connection.getresponse()
        answer = response.read()
        times.append((time.perf_counter() - began) * 1000)
        if response.status != 200 or json.loads(answer) != number:
            raise RuntimeError(f"call {number}: {response.status} {answer[:200]!r}")
    connection.close()
    return times


async def _rows(system: System) -> int:
    return await system.connection.fetchval("select count(*) from job_history where path = $1", SCRIPT)
