"""PostgreSQL is killed while jobs run and are enqueued, and comes back."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from headrace.db.connection import Login, connect
from headrace.db.embedded import EmbeddedPostgres, start_postgres
from headrace.db.migrate import migrate
from tests.faults.site import Site, open_site
from tests.ground.database import make_data_folder, roles_of
from tests.ground.witness import Witness, until_gone


class Database:
    """An embedded PostgreSQL that can be killed and started again."""

    def __init__(self, folder: Path, postgres: EmbeddedPostgres) -> None:
        self._folder = folder
        self._postgres = postgres
        self.login = Login(postgres.url)

    async def kill(self) -> None:
        """SIGKILL to the postmaster; its data folder is free afterwards."""
        os.kill(self._postgres.pid, signal.SIGKILL)
        await self._postgres.wait()
        await self._postgres.stop()

    async def start(self, site: Site) -> None:
        """Start it again; the checker goes on with a new connection."""
        self._postgres = await start_postgres(self._folder)
        site.checker.owner = await connect(self.login, "tests")

    async def stop(self) -> None:
        """Stop it for good."""
        await self._postgres.stop()


@asynccontextmanager
async def database_to_be_lost(
    data_dir: Path, witness: Witness, **settings: float
) -> AsyncIterator[tuple[Database, Site]]:
    folder = make_data_folder()
    database = Database(folder, await start_postgres(folder))
    try:
        await migrate(database.login, roles_of(database.login.url))
        owner = await connect(database.login, "tests")
        async with open_site(database.login, owner, data_dir, witness, **settings) as site:
            try:
                yield database, site
            finally:
                await site.installation.end()
                await site.checker.owner.close()
    finally:
        await database.stop()
        shutil.rmtree(folder)


@pytest.mark.long
async def test_an_outage_shorter_than_a_lease_leaves_running_jobs_alone(data_dir: Path, witness: Witness):
    """One job ends while PostgreSQL is away, one goes on through the outage, one is refused."""
    lease = {"lease_seconds": 20, "renewal_seconds": 1}
    async with database_to_be_lost(data_dir, witness, **lease) as (database, site):
        server, _ = await asyncio.gather(site.installation.server(), site.installation.worker(slots=2))
        gates = [witness.gate(), witness.gate()]
        jobs = [await site.enqueue(server, gate=gate.path, say="before", say_after="after") for gate in gates]
        for job in jobs:
            await witness.until("start", job)

        await database.kill()
        gates[0].open()
        await witness.until("end", jobs[0])
        refused = await site.try_enqueue(server)
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        await database.start(site)
        assert (await site.checker.finished(jobs[0])).attempt == 1
        gates[1].open()
        finished = await site.checker.finished(jobs[1])
        assert (finished.status, finished.attempt, finished.result) == ("success", 1, b'{"attempt": 1}')
        for job in jobs:
            log = await site.logs(server, job)
            assert (log.count("before 1\n"), log.count("after 1\n")) == (1, 1)
        await site.checker.finished(await site.enqueue(server))
        await site.checker.check(site.acknowledged)


@pytest.mark.long
async def test_an_outage_longer_than_a_lease_kills_jobs_and_runs_them_again(data_dir: Path, witness: Witness):
    async with database_to_be_lost(data_dir, witness) as (database, site):
        server, worker = await asyncio.gather(site.installation.server(), site.installation.worker(slots=2))
        await site.deploy(server, restart_if_lost=False)
        gate = witness.gate()
        job = await site.enqueue(server, gate=gate.path)
        once = await site.enqueue_deployed(server, gate=gate.path)
        starts = [await witness.until("start", running) for running in (job, once)]

        await database.kill()
        await worker.says("no word from the database for a whole lease")
        for start in starts:
            await until_gone(start.pid)
        await database.start(site)
        await witness.until("start", job, attempt=2)
        gate.open()
        assert (await site.checker.finished(job)).attempt == 2
        assert (await site.checker.finished(once)).status == "failure"
        assert len(witness.notes("start", once)) == 1
        await site.checker.check(site.acknowledged, most_attempts=2)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_killed_again_and_again_postgresql_keeps_what_was_acknowledged(
    data_dir: Path, witness: Witness
):
    lease = {"lease_seconds": 20, "renewal_seconds": 1}
    async with database_to_be_lost(data_dir, witness, **lease) as (database, site):
        server, _ = await asyncio.gather(site.installation.server(), site.installation.worker(slots=2))

        async def enqueue_until(killed: asyncio.Event, name: str) -> None:
            number = 0
            while not killed.is_set():
                number += 1
                try:
                    response = await site.try_enqueue(server, key=f"{name}-{number}")
                except httpx.TransportError:
                    continue
                if response.status_code == 201:
                    site.acknowledged.append(response.text)

        site.checker.patience_seconds = 60
        for round_ in range(10):
            killed = asyncio.Event()
            clients = [asyncio.create_task(enqueue_until(killed, f"{round_}-{name}")) for name in "abcd"]
            target = len(site.acknowledged) + 20
            await site.checker.until(lambda target=target: _reached(site, target), "some acknowledged jobs")
            await database.kill()
            killed.set()
            await asyncio.gather(*clients)
            await database.start(site)
        unheard = await site.checker.owner.fetch("select id from job_id")
        assert set(site.acknowledged) <= {str(row["id"]) for row in unheard}
        await site.checker.check({str(row["id"]) for row in unheard}, most_attempts=3)


async def _reached(site: Site, target: int) -> bool:
    return len(site.acknowledged) >= target
