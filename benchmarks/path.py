"""``python -m benchmarks.path``: what a job costs the worker and PostgreSQL, without its process.

A worker in this process drains no-op jobs by a runtime that only waits, says a line and returns: everything
but what starts and feeds a process. Then the same once more with PostgreSQL's log of statements on, which
costs time of its own, to count them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import uvloop

from benchmarks.cpu import cpu_ms
from benchmarks.spin import spin_ms
from headrace.blobs.places import open_blobs
from headrace.cli.bootstrap import prepare
from headrace.clock import now
from headrace.db.connection import Login, connect, open_pool
from headrace.db.embedded import start_postgres
from headrace.db.listen import Switchboard
from headrace.db.postgres_files import find_places
from headrace.db.roles import WORKER_ROLE, load_roles
from headrace.model.ids import WorkspaceId
from headrace.model.job import JobKind, NewJob
from headrace.model.outcome import Measures, Outcome, Status, Teardown
from headrace.queue.enqueue import enqueue
from headrace.queue.sessions import WorkerInfo
from headrace.runtimes.base import LockFailed
from headrace.runtimes.registry import Runtimes
from headrace.sandbox.cage import Cage, Isolation, Limits
from headrace.sandbox.slots import Slots
from headrace.settings import Settings
from headrace.worker.code_book import CodeBook
from headrace.worker.completer import Completer
from headrace.worker.environment_book import EnvironmentBook
from headrace.worker.loop import Worker
from headrace.worker.result_keeper import ResultKeeper
from headrace.worker.run_job import Workshop

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.db.embedded import EmbeddedPostgres
    from headrace.runtimes.base import Attempt, Code, LogSink
    from headrace.sandbox.cage import Stop

_WORKSPACE = WorkspaceId("admins")
_CODE = "def main(number: int):\n    return number\n"
_LOCK = "# python 3.11\n"
_COUNTED = 300
"""Jobs of the turn in which statements are counted."""
_STATEMENT = re.compile(r"duration: ([0-9.]+) ms  (parse|bind|execute|statement)[^:]*: (?:-- (\w+))?([^\n]*)")


class _Nothing:
    """A runtime whose jobs are over after a moment. Meets ``runtimes.base.Runtime``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def run(self, attempt: Attempt, log: LogSink) -> Outcome:
        await log.write(b"a line\n")
        await asyncio.sleep(min(self._seconds, attempt.timeout_seconds))
        gone = Teardown(now(), now())
        return Outcome(Status.SUCCESS, b"1", Measures(3, 10_000, 0), teardown=gone)

    async def lock(self, code: Code, cage: Cage, log: LogSink, stop: Stop) -> str:  # noqa: ARG002 - its contract
        raise LockFailed("nothing is locked here")

    async def warm_up(self, cages: list[Cage]) -> None:
        """It has nothing to start."""

    async def close(self) -> None:
        """It has nothing to end."""


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.path", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000, help="default 2000")
    parser.add_argument("--slots", type=int, default=2, help="default 2")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--job-ms", type=float, default=2.0, help="how long a job waits (default 2)")
    parser.add_argument("--uvloop", action="store_true", help="with uvloop's event loop")
    options = parser.parse_args()
    factory = uvloop.new_event_loop if options.uvloop else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_measure(options))


async def _measure(options: argparse.Namespace) -> None:
    folder = _scratch()
    try:
        postgres = await start_postgres(folder / "data")
        try:
            settings = Settings(data_dir=folder / "data", slots=options.slots)
            await prepare(settings, postgres.url)
            owner = await connect(Login(postgres.url), "benchmarks")
            await _drain(owner, postgres, settings, options, 200)
            for _ in range(options.rounds):
                print(json.dumps(await _drain(owner, postgres, settings, options, options.jobs)), flush=True)
            await _count(owner, postgres, settings, options, folder)
            await owner.close()
        finally:
            await postgres.stop()
    finally:
        shutil.rmtree(folder)


def _scratch() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    folder.chmod(0o755)
    return folder


def _read_log(folder: Path) -> str:
    return find_places(folder / "data").log.read_text(errors="replace")


async def _drain(
    owner: Connection, postgres: EmbeddedPostgres, settings: Settings, options: argparse.Namespace, jobs: int
) -> dict[str, Any]:
    """One drain: CPU of the worker (this process) and of PostgreSQL for each job, and commits."""
    spin = spin_ms()
    await _fill(owner, jobs)
    await owner.execute("analyze headrace.job_queue, headrace.job")
    commits = await _commits(owner)
    async with _working(postgres, settings, options) as worker:
        own, theirs, began = time.process_time(), cpu_ms([postgres.pid]), time.monotonic()
        working = asyncio.create_task(worker.run())
        while await owner.fetchval("select exists (select from job_queue)"):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.1)
        own, theirs = (time.process_time() - own) * 1000, cpu_ms([postgres.pid]) - theirs
        seconds = time.monotonic() - began
        await worker.drain()
        await working
    return {
        "jobs/s": round(jobs / seconds),
        "worker CPU ms/job": round(own / jobs, 2),
        "PostgreSQL CPU ms/job": round(theirs / jobs, 2),
        "commits/job": round((await _commits(owner) - commits - seconds * 10) / jobs, 2),
        "spin ms": round(spin, 1),
    }


async def _fill(owner: Connection, jobs: int) -> None:
    async with owner.transaction():
        for number in range(jobs):
            job = NewJob(
                workspace=_WORKSPACE,
                kind=JobKind.PREVIEW,
                created_by="admin",
                permissioned_as="u/admin",
                email="admin@headrace.local",
                tag="python3",
                args=b'{"number": %d}' % number,
                path="f/benchmarks/noop",
                language="python3",
                raw_code=_CODE,
                raw_lock=_LOCK,
            )
            await enqueue(owner, job)


@contextlib.asynccontextmanager
async def _working(postgres: EmbeddedPostgres, settings: Settings, options: argparse.Namespace):  # noqa: ANN202 - an iterator of Worker
    roles = load_roles(settings.data_dir, postgres.url)
    pool = await open_pool(roles.worker, "worker", options.slots + 2)
    switchboard = Switchboard(roles.worker, "worker")
    info = WorkerInfo(
        worker=f"bench-{os.getpid()}-{secrets.token_hex(3)}",
        group="default",
        host="here",
        tags=["python3", "dependency"],
        slots=options.slots,
        version="0",
        isolation="process",
    )
    slots = Slots(Isolation.PROCESS, [Cage(Isolation.PROCESS, None, Limits()) for _ in range(options.slots)])
    completer = Completer(pool, switchboard, info)
    keeper = ResultKeeper(open_blobs(settings), pool, settings)
    runtimes = Runtimes({"python3": _Nothing(options.job_ms / 1000)})
    async with httpx.AsyncClient() as api:
        workshop = Workshop(
            pool,
            switchboard,
            completer,
            CodeBook(pool),
            EnvironmentBook(pool),
            api,
            runtimes,
            settings,
            keeper,
        )
        listening = asyncio.create_task(switchboard.run())
        try:
            yield Worker(workshop, roles.worker, info, slots)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            pool.terminate()


async def _commits(owner: Connection) -> int:
    await owner.execute("select pg_stat_force_next_flush()")
    return await owner.fetchval("select xact_commit from pg_stat_database where datname = current_database()")


async def _count(
    owner: Connection,
    postgres: EmbeddedPostgres,
    settings: Settings,
    options: argparse.Namespace,
    folder: Path,
) -> None:
    await owner.execute(f"alter role {WORKER_ROLE} set log_min_duration_statement = 0")
    before = len(_read_log(folder))
    await _drain(owner, postgres, settings, options, _COUNTED)
    text = _read_log(folder)[before:]
    times: dict[str, list[float]] = {}
    for took, step, name, sql in _STATEMENT.findall(text):
        times.setdefault(f"{name or sql.strip()[:60]} ({step})", []).append(float(took))
    for name, took in sorted(times.items(), key=lambda item: -sum(item[1])):
        print(f"{len(took) / _COUNTED:8.3f} a job, {sum(took) / len(took) * 1000:6.0f} us each  {name}")


if __name__ == "__main__":
    main()
