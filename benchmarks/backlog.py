"""A queue without server and worker: tables filled by SQL, claimed from as a worker does."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.system import scratch
from headrace.db.connection import Login, connect
from headrace.db.embedded import start_postgres
from headrace.db.migrate import migrate
from headrace.db.queries import load_queries
from headrace.db.roles import make_roles
from headrace.queue.claim import claim
from headrace.queue.sessions import WorkerInfo, open_session

if TYPE_CHECKING:
    from headrace.db.connection import OwnConnection
    from headrace.model.job import ClaimedJob

SQL = load_queries(__file__, "backlog.sql")

_INFO = WorkerInfo("benchmarks", "default", "benchmarks", ["python3"], 1, "0", "process")
_CHUNK = 100_000
_LEASE_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What was claimed, and the milliseconds of the statement and of the commit that followed."""

    jobs: list[ClaimedJob]
    statement_ms: float
    commit_ms: float


@dataclass(slots=True)
class Backlog:
    """The owner's connection fills and looks; the worker's has the role that workers log in as."""

    login: Login
    owner: OwnConnection
    worker: OwnConnection
    session: int

    async def fill(self, jobs: int, tags: list[str], priority: int = 0, delay_seconds: float = 0) -> None:
        """Have so many jobs wait, besides those that do already."""
        for start in range(0, jobs, _CHUNK):
            await SQL.fill.run(
                self.owner,
                jobs=min(_CHUNK, jobs - start),
                tags=tags,
                priority=priority,
                delay_seconds=delay_seconds,
            )

    async def settle(self) -> dict[str, int]:
        """Bring the planner up to date, write everything to the disk, and read back what waits."""
        await self.owner.execute("analyze job_id, job, job_queue")
        await self.owner.execute("checkpoint")
        row = await SQL.read_back.row(self.owner)
        assert row is not None
        return dict(row)

    async def forget(self) -> None:
        """Have nothing wait."""
        await SQL.forget.run(self.owner)

    async def claim(self, tags: list[str]) -> Claim:
        """The worker's own deed, for one slot, and its commit."""
        transaction = self.worker.transaction()
        await transaction.start()
        began = time.perf_counter()
        jobs = await claim(self.worker, self.session, tags, 1)
        claimed = time.perf_counter()
        await transaction.commit()
        return Claim(jobs, (claimed - began) * 1000, (time.perf_counter() - claimed) * 1000)


@asynccontextmanager
async def open_backlog() -> AsyncIterator[Backlog]:
    """A PostgreSQL of its own, with nothing in its queue; it is gone afterwards."""
    folder = scratch()
    try:
        postgres = await start_postgres(folder / "data")
        try:
            login = Login(postgres.url)
            roles = make_roles(folder / "data", postgres.url)
            await migrate(login, roles)
            owner, worker = await connect(login, "benchmarks"), await connect(roles.worker, "worker")
            try:
                session = await open_session(worker, _INFO, _LEASE_SECONDS)
                yield Backlog(login, owner, worker, session)
            finally:
                await owner.close()
                await worker.close()
        finally:
            await postgres.stop()
    finally:
        shutil.rmtree(folder)
