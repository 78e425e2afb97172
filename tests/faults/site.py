"""One installation under test, with everything that a fault test asks of it."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from headrace.db.connection import Login
from headrace.store.people import tokens
from tests.ground.checker import Checker, running_checker
from tests.ground.people import WORKSPACE, make_people
from tests.ground.processes import Installation, Process, Server, running_installation
from tests.ground.witness import EMPTY_LOCK, SCRIPT, Note, Witness, until_gone

TOKEN = "fault-tests"
QUICK = {
    "lease_seconds": 2,
    "renewal_seconds": 0.5,
    "rescue_seconds": 0.5,
    "grace_seconds": 1,
    "drain_seconds": 1,
    "slots": 1,
}
"""Much shorter than by default, so that a loss is judged in seconds."""


@dataclass
class Site:
    """Processes, the database, and what clients were told."""

    installation: Installation
    checker: Checker
    witness: Witness
    database_url: str
    acknowledged: list[str] = field(default_factory=list)

    async def enqueue(
        self, server: Server, *, key: str | None = None, query: str = "", code: str = SCRIPT, **args: Any
    ) -> str:
        """Enqueue a job, one that the witness sees unless other code is given; its id is remembered once
        the answer is there.
        """
        response = await self.try_enqueue(server, key=key, query=query, code=code, **args)
        assert response.status_code == 201, response.text
        if response.text not in self.acknowledged:
            self.acknowledged.append(response.text)
        return response.text

    async def try_enqueue(
        self, server: Server, *, key: str | None = None, query: str = "", code: str = SCRIPT, **args: Any
    ) -> httpx.Response:
        """The same without looking at the answer. Raises httpx.TransportError where there is none."""
        body = {
            "content": code,
            "language": "python3",
            "lock": EMPTY_LOCK,
            "args": self.witness.args(**args),
        }
        headers = {} if key is None else {"Idempotency-Key": key}
        async with server.client(TOKEN) as client:
            return await client.post(f"/w/{WORKSPACE}/jobs/run/preview{query}", json=body, headers=headers)

    async def deploy(self, server: Server, **settings: Any) -> None:
        """Deploy the same as a script ``u/admin/once``, with settings of its own."""
        body = {"path": "u/admin/once", "content": SCRIPT, "language": "python3", "lock": EMPTY_LOCK}
        async with server.client(TOKEN) as client:
            response = await client.post(f"/w/{WORKSPACE}/scripts/create", json=body | settings)
            assert response.status_code == 201, response.text

    async def enqueue_deployed(self, server: Server, **args: Any) -> str:
        """Enqueue a job of that script."""
        async with server.client(TOKEN) as client:
            response = await client.post(
                f"/w/{WORKSPACE}/jobs/run/p/u/admin/once", json=self.witness.args(**args)
            )
        assert response.status_code == 201, response.text
        self.acknowledged.append(response.text)
        return response.text

    async def cancel(self, server: Server, job: str, *, force: bool = False) -> int:
        """Cancel a job, as its admin; the status of the answer."""
        route = "force_cancel" if force else "cancel"
        async with server.client(TOKEN) as client:
            response = await client.post(f"/w/{WORKSPACE}/jobs_u/queue/{route}/{job}", json={})
        return response.status_code

    async def logs(self, server: Server, job: str) -> str:
        """The log of a job as its page shows it."""
        async with server.client(TOKEN) as client:
            response = await client.get(f"/w/{WORKSPACE}/jobs_u/get_logs/{job}")
        response.raise_for_status()
        return response.text

    async def kill(self, worker: Process) -> None:
        """SIGKILL a worker, and wait until the jobs it ran are dead too."""
        running = self.running()
        await worker.kill()
        for note in running:
            await until_gone(note.pid)

    def running(self) -> list[Note]:
        """Starts without an end."""
        ended = {(note.job, note.attempt) for note in self.witness.notes("end")}
        return [note for note in self.witness.notes("start") if (note.job, note.attempt) not in ended]

    async def stop_past_lease(self, worker: Process) -> None:
        """SIGSTOP a worker and wait until it has been declared lost."""
        session = await self.checker.owner.fetchval(
            "select max(id) from worker_session where ended_at is null and worker like $1", f"%{worker.pid}%"
        )
        assert session is not None, f"no session of worker {worker.pid}"
        worker.signal(signal.SIGSTOP)
        await self.checker.until_value(True, "select lost from worker_session where id = $1", session)


@asynccontextmanager
async def open_site(
    login: Login, owner: asyncpg.Connection[Any], data_dir: Path, witness: Witness, **settings: Any
) -> AsyncIterator[Site]:
    """An installation on a migrated, empty database, with a workspace in it."""
    people = await make_people(owner)
    await tokens.add(owner, people.admin.email, TOKEN)
    shared = {"shared_folders": witness.folder}
    async with (
        running_checker(owner, witness) as checker,
        running_installation(login.url, data_dir, **(QUICK | shared | settings)) as installation,
    ):
        yield Site(installation, checker, witness, login.url)
