"""W12: how many requests a server answers, and how soon, pressed by ``wrk`` over eight kept connections.

Beside it, in the same round: a bare uvicorn application, the server's own ``/api/version`` (no database),
and single-row inserts over eight connections of the same PostgreSQL.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.cpu import cpu_ms
from benchmarks.report import SPEED, Column, print_table
from benchmarks.system import SCRIPT, WORKSPACE, System
from benchmarks.workload import Round, Workload
from headrace.db.connection import Login, connect

if TYPE_CHECKING:
    from headrace.db.connection import Connection

CONNECTIONS = 8
_WARM_UP_SECONDS = 1
"""Until each connection to the database has planned what it is asked."""
_LUA = Path(__file__).with_name("press.lua")
_BODY = '{"witness": "/dev/null", "number": 1}'


def _missing() -> str | None:
    """Why it can't be measured here; None where it can."""
    return None if shutil.which("wrk") else "W12 needs wrk (the Debian package of that name)"


async def _press(system: System, seconds: int) -> Round:
    """One round of all targets, each pressed so many seconds: rate, latency, CPU per request."""
    jobs = f"{system.url}/api/w/{WORKSPACE}"
    async with system.client() as client:
        job = (await client.post(f"/jobs/run/p/{SCRIPT}", json={"witness": "/dev/null", "number": 1})).text
    async with _bare_application() as (bare, bare_pid):
        measured = {
            "bare application": await _wrk(system, bare, seconds, server=bare_pid),
            "version": await _wrk(system, f"{system.url}/api/version", seconds),
            "get": await _wrk(system, f"{jobs}/jobs_u/get/{job}", seconds),
            "enqueue": await _wrk(system, f"{jobs}/jobs/run/p/{SCRIPT}", seconds, method="POST"),
        }
    measured["insert"] = await _insert(system, seconds)
    await _forget_jobs(system.connection)
    return measured


async def _wrk(
    system: System, url: str, seconds: int, method: str = "GET", server: int | None = None
) -> dict[str, Any]:
    environ = {**os.environ, "PRESS_METHOD": method, "PRESS_TOKEN": system.token, "PRESS_BODY": _BODY}
    await _told_by_wrk(url, environ, _WARM_UP_SECONDS)
    pids = {"server": server or system.server.pid, "PostgreSQL": system.postgres.pid}
    before = {part: cpu_ms([pid]) for part, pid in pids.items()}
    told = await _told_by_wrk(url, environ, seconds)
    used = {part: (cpu_ms([pid]) - before[part]) / told["requests"] for part, pid in pids.items()}
    return told | {"per_second": told["requests"] / told["seconds"], "cpu_ms_of": used}


async def _told_by_wrk(url: str, environ: dict[str, str], seconds: int) -> dict[str, Any]:
    wrk = await asyncio.create_subprocess_exec(
        "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(_LUA), url,
        env=environ, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await wrk.communicate()
    told = json.loads(output.decode().splitlines()[-1])
    if told["errors"] or not told["requests"]:
        raise RuntimeError(f"{environ['PRESS_METHOD']} {url}: {told}")
    return told


@asynccontextmanager
async def _bare_application() -> AsyncIterator[tuple[str, int]]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.bare_app", str(port), stdout=asyncio.subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}/"
    try:
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(30):
            while True:
                try:
                    await client.get(url)
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.05)
        yield url, process.pid
    finally:
        process.terminate()
        await process.wait()


async def _insert(system: System, seconds: int) -> dict[str, Any]:
    """Single-row transactions as fast as they go: what PostgreSQL asks for at the least."""
    await system.connection.execute(
        "create table public.bench_insert (id uuid primary key default gen_random_uuid(), body text)"
    )
    connections = [await connect(Login(system.postgres.url), "benchmarks") for _ in range(CONNECTIONS)]
    times: list[float] = []
    before = cpu_ms([system.postgres.pid])
    until = time.perf_counter() + seconds

    async def insert(connection: Connection) -> None:
        while (began := time.perf_counter()) < until:
            await connection.execute("insert into public.bench_insert (body) values ($1)", _BODY)
            times.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*map(insert, connections))
    used = (cpu_ms([system.postgres.pid]) - before) / len(times)
    for connection in connections:
        await connection.close()
    await system.connection.execute("drop table public.bench_insert")
    times.sort()
    return {
        "requests": len(times),
        "per_second": len(times) / seconds,
        "p50_ms": times[len(times) // 2],
        "p99_ms": times[len(times) * 99 // 100],
        "cpu_ms_of": {"server": 0.0, "PostgreSQL": used},
    }


async def _forget_jobs(connection: Connection) -> None:
    """Remove what was enqueued, so that no other measurement drains it."""
    async with connection.transaction():
        await connection.execute("create temporary table gone on commit drop as select id from job_queue")
        for table in ("job_queue", "job", "job_id"):
            await connection.execute(f"delete from {table} where id in (select id from gone)")


async def _measure(system: System, options: argparse.Namespace, _: int) -> Round:
    return await _press(system, options.seconds)


def _show(rounds: list[Round]) -> None:
    print(f"\n## W12: requests over {CONNECTIONS} connections, wrk's clock\n")
    print(f"{len(rounds)} rounds. Medians over the rounds.\n")
    columns = [
        Column("per s", lambda figures: figures["per_second"], ",.0f"),
        Column("p50 ms", lambda figures: figures["p50_ms"]),
        Column("p99 ms", lambda figures: figures["p99_ms"]),
        Column("CPU ms, server", lambda figures: figures["cpu_ms_of"]["server"]),
        Column("CPU ms, PostgreSQL", lambda figures: figures["cpu_ms_of"]["PostgreSQL"]),
    ]
    print_table(rounds, SPEED, columns, to="bare application")


WORKLOAD = Workload("w12", 3, _measure, _show, _missing)
