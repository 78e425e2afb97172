"""Headrace as it is installed: PostgreSQL, a server and, when it is wanted, a worker of two slots.

The same processes as ``headrace up`` starts, started one by one, because W4 needs the worker down while
its jobs are enqueued. All of it lies in a temporary folder and is gone afterwards.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.cpu import cpu_ms, own_cpu_ms
from benchmarks.task import TASK, make_witness
from headrace.cli.bootstrap import prepare
from headrace.db.connection import Login, connect, without_login
from headrace.db.embedded import EmbeddedPostgres, start_postgres
from headrace.db.programs import bound_to_parent
from headrace.settings import Secret, Settings

if TYPE_CHECKING:
    from benchmarks.peers.peer import Peer
    from headrace.db.connection import Connection

SLOTS = 2
WORKSPACE = "admins"
SCRIPT = "f/benchmarks/task"

_HEADRACE = (sys.executable, "-m", "headrace.cli.main")
_PATIENCE_SECONDS = 120


@dataclass(slots=True)
class System:
    """What runs, and how to reach it."""

    folder: Path
    postgres: EmbeddedPostgres
    server: asyncio.subprocess.Process
    url: str
    token: str
    environ: dict[str, str]
    witness: Path
    """The file in which each task leaves a line, in a folder that jobs are shown."""
    connection: Connection
    """The owner's, for looking at the database; the jobs never pass through it."""
    worker: asyncio.subprocess.Process | None = None
    peers: list[Peer] = field(default_factory=list["Peer"])
    """Other systems that are measured beside it."""

    def client(self) -> httpx.AsyncClient:
        """An HTTP client of the workspace; the caller closes it."""
        return httpx.AsyncClient(
            base_url=f"{self.url}/api/w/{WORKSPACE}",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=_PATIENCE_SECONDS,
            trust_env=False,
        )

    def cpu_ms(self) -> dict[str, float]:
        """CPU time so far, in milliseconds, of PostgreSQL, server, worker, and the jobs of this worker."""
        used = {"PostgreSQL": cpu_ms([self.postgres.pid]), "server": cpu_ms([self.server.pid])}
        if self.worker is not None:
            used["worker"] = own_cpu_ms(self.worker.pid)
            used["jobs"] = cpu_ms([self.worker.pid]) - used["worker"]
        return used

    async def commits(self) -> int:
        """Transactions committed so far, as far as those who made them have reported it."""
        return await self.connection.fetchval(
            "select xact_commit from pg_stat_database where datname = current_database()"
        )

    @asynccontextmanager
    async def working(
        self, slots: int = SLOTS, dedicated: str | None = None
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """A worker, of one dedicated script or of all, for as long as the block lasts; then it is drained."""
        environ = self.environ | {"HEADRACE_SLOTS": str(slots)}
        if dedicated is not None:
            environ |= {"HEADRACE_DEDICATED": f"{WORKSPACE}:{dedicated}"}
        self.worker = await _start("worker", environ, "takes jobs tagged")
        try:
            yield self.worker
        finally:
            await _end(self.worker)
            self.worker = None

    async def deploy(self, path: str, content: str, **settings: Any) -> None:
        """Deploy a script, unless it is there, and wait for its lock, which takes a worker."""
        async with self.client() as client:
            if (await client.get(f"/scripts/exists/p/{path}")).raise_for_status().json():
                return
            body: dict[str, Any] = {"path": path, "content": content, "language": "python3", "summary": ""}
            (await client.post("/scripts/create", json=body | settings)).raise_for_status()
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while True:
                    script = (await client.get(f"/scripts/get/p/{path}")).raise_for_status().json()
                    if script.get("lock") is not None:
                        return
                    if script.get("lock_error_logs"):
                        raise RuntimeError(f"no lock: {script['lock_error_logs']}")
                    await asyncio.sleep(0.05)


def per_job(after: dict[str, float], before: dict[str, float], jobs: int) -> dict[str, float]:
    """CPU time of each part between two looks, for one job."""
    return {part: (used - before[part]) / max(jobs, 1) for part, used in after.items()}


@asynccontextmanager
async def running_system() -> AsyncIterator[System]:
    """A system with the script deployed; raises RuntimeError where a part of it does not start."""
    folder = scratch()
    try:
        postgres = await start_postgres(folder / "data")
        try:
            async with _serving(folder, postgres) as system:
                async with system.working():
                    await system.deploy(SCRIPT, TASK)
                yield system
        finally:
            await postgres.stop()
    finally:
        shutil.rmtree(folder)


def scratch() -> Path:
    """A folder that PostgreSQL and the jobs can reach."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    folder.chmod(0o755)
    return folder


@asynccontextmanager
async def _serving(folder: Path, postgres: EmbeddedPostgres) -> AsyncIterator[System]:
    token = secrets.token_urlsafe(24)
    settings = Settings(data_dir=folder / "data", superadmin_token=Secret(token))
    await prepare(settings, postgres.url)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    environ |= {
        "HEADRACE_DATABASE_URL": without_login(postgres.url),
        "HEADRACE_DATA_DIR": str(settings.data_dir),
        "HEADRACE_WAIT_RESULT_SECONDS": str(_PATIENCE_SECONDS),  # a cold start may take long
    }
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    connection = await connect(Login(postgres.url), "benchmarks")
    try:
        # A worker's environment names the server, for the jobs.
        environ |= {"HEADRACE_PORT": str(port)}
        witness = make_witness(folder / "shared")
        if await _knows_shared_folders():
            environ |= {"HEADRACE_SHARED_FOLDERS": str(witness.parent)}
        server = await _start("server", environ, "listening on")
        try:
            yield System(folder, postgres, server, url, token, environ, witness, connection)
        finally:
            await _end(server)
    finally:
        await connection.close()


async def _knows_shared_folders() -> bool:
    """Whether a worker has to be told which folders jobs may see; before that they saw all."""
    asked = await asyncio.create_subprocess_exec(
        *_HEADRACE, "worker", "--help", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asked.communicate()
    return b"--shared-folders" in output


async def _start(command: str, environ: dict[str, str], ready: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *_HEADRACE,
        command,
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C reaches us, who then end it in order
        preexec_fn=bound_to_parent(signal.SIGTERM),
    )
    said: list[str] = []
    is_ready = asyncio.Event()

    async def read() -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            said.append(line.decode(errors="replace"))
            if ready in said[-1]:
                is_ready.set()
        is_ready.set()

    _READERS.add(reading := asyncio.create_task(read()))
    reading.add_done_callback(_READERS.discard)
    async with asyncio.timeout(_PATIENCE_SECONDS):
        await is_ready.wait()
    if reading.done():
        raise RuntimeError(f"headrace {command} ended: {''.join(said)}")
    return process


_READERS: set[asyncio.Task[None]] = set()
"""An event loop holds tasks only weakly."""


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await process.wait()


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]
