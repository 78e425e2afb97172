"""Another system beside ours: its own environment, its store, two workers at once, the same task."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cpu import cpu_ms
from benchmarks.peers.stores import Store, database, redis
from benchmarks.peers.timed import times_of
from benchmarks.system import System
from benchmarks.task import distinct_processes
from headrace.runtimes.python.uv import UvTool

_ROOT = Path(__file__).parents[2]
_LOOK_SECONDS = 0.02
_WARM_UP = 5
_PATIENCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Kind:
    """How a peer is installed and started; ``prepare`` makes its tables, ``workers`` are all processes."""

    distribution: str
    packages: tuple[str, ...]
    module: str
    store: Callable[[System], AbstractAsyncContextManager[Store]]
    prepare: tuple[str, ...]
    workers: tuple[tuple[str, ...], ...]


STORE = "<store>"
"""Stands in a command for the URL of the store."""

_CELERY = ("celery", "-A", "benchmarks.peers.celery_jobs")
_PROCRASTINATE = ("procrastinate", "--app", "benchmarks.peers.procrastinate_jobs.app")
_RQ = ("rq.cli", "worker", "--url", STORE, "--quiet")

KINDS = {
    "celery": Kind(
        "celery",
        ("celery[redis]",),
        "benchmarks.peers.celery_jobs",
        redis,
        (),
        ((*_CELERY, "worker", "--concurrency", "2", "--loglevel", "ERROR"),),
    ),
    "rq": Kind("rq", ("rq",), "benchmarks.peers.rq_jobs", redis, (), (_RQ,) * 2),
    "procrastinate": Kind(
        "procrastinate",
        ("procrastinate", "psycopg[binary]"),
        "benchmarks.peers.procrastinate_jobs",
        database,
        (*_PROCRASTINATE, "schema", "--apply"),
        ((*_PROCRASTINATE, "worker", "--concurrency", "1"),) * 2,
    ),
}


@asynccontextmanager
async def running_peer(name: str, system: System) -> AsyncIterator[Peer]:
    """Install a peer's newest release and prepare its store."""
    kind = KINDS[name]
    folder = system.folder / "peers" / name
    uv = UvTool.find(Path.home() / ".cache" / "uv")
    environ = {key: value for key, value in uv.environ.items() if key != "UV_PYTHON"} | {"PATH": os.defpath}
    await _run((uv.program, "venv", "-q", "--python", sys.executable, str(folder)), environ)
    python = str(folder / "bin/python")
    await _run((uv.program, "pip", "install", "-q", "--python", python, *kind.packages), environ)
    version = f"from importlib.metadata import version; print(version({kind.distribution!r}))"
    async with kind.store(system) as store:
        release = (await _run((python, "-c", version), environ)).strip()
        peer = Peer(f"{name} {release}", kind, system, store, python)
        if kind.prepare:
            await _run((python, "-m", *kind.prepare), peer.environ)
        yield peer


@dataclass(frozen=True, slots=True)
class Peer:
    """What it does for a workload. A time ends when the task does, before the peer has noted that."""

    name: str
    kind: Kind
    system: System
    store: Store
    python: str

    async def spread(self, tasks: int, n: int) -> dict[str, Any]:
        """W3: ``seconds`` from the first task sent to the last end."""
        async with self._working() as pids:
            self._forget()
            before = cpu_ms(pids)
            began = (await self._client("enqueue", tasks, n))["began"]
            ended = max(end for _, end in await self._until(tasks))
            used = cpu_ms(pids) - before
        return self._figures(tasks) | {"cpu_ms": used / tasks, "seconds": ended - began}

    async def drain(self, tasks: int) -> dict[str, Any]:
        """W4: tasks ÷ (time from the first begin to the last end), enqueued before the workers start."""
        self._forget()
        await self._client("enqueue", tasks)
        async with self._working(is_first=False):
            times = await self._until(tasks)
        seconds = max(end for _, end in times) - min(begin for begin, _ in times)
        return self._figures(tasks) | {"per_second": tasks / seconds}

    async def ask(self, calls: int) -> dict[str, Any]:
        """W5: milliseconds of each call."""
        async with self._working() as pids:
            self._forget()
            before = cpu_ms(pids)
            told = await self._client("ask", calls)
            used = cpu_ms(pids) - before
        return self._figures(calls) | {"cpu_ms": used / calls} | told

    def _figures(self, tasks: int) -> dict[str, Any]:
        return {"tasks": tasks, "processes": distinct_processes(self.system.witness)}

    def _forget(self) -> None:
        self.system.witness.write_bytes(b"")
        self._times.unlink(missing_ok=True)

    @property
    def _times(self) -> Path:
        return times_of(str(self.system.witness))

    @property
    def environ(self) -> dict[str, str]:
        """Of all its processes."""
        return {"PATH": os.defpath, "PYTHONPATH": str(_ROOT), "PEER_STORE": self.store.url}

    async def _until(self, tasks: int) -> list[tuple[float, float]]:
        """Begin and end of all tasks, when they are there."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                lines = self._lines()
                if len(lines) >= tasks:
                    return [(float(begin), float(end)) for begin, end in map(str.split, lines)]
                await asyncio.sleep(_LOOK_SECONDS)

    def _lines(self) -> list[str]:
        return self._times.read_text().splitlines() if self._times.exists() else []

    async def _client(self, deed: str, tasks: int, n: int = 0) -> dict[str, Any]:
        options = ("--tasks", str(tasks), "--fibo", str(n), "--witness", str(self.system.witness))
        command = (self.python, "-m", "benchmarks.peers.client", self.kind.module, deed, *options)
        return json.loads(await _run(command, self.environ))

    @asynccontextmanager
    async def _working(self, *, is_first: bool = True) -> AsyncIterator[list[int]]:
        """Its workers, and the ids of all that works; warmed up unless tasks wait for it."""
        workers = [
            await asyncio.create_subprocess_exec(
                self.python,
                "-m",
                *(self.store.url if word == STORE else word for word in command),
                cwd=_ROOT,
                env=self.environ | {"C_FORCE_ROOT": "1"},
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            for command in self.kind.workers
        ]
        try:
            if is_first:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self._client("ask", _WARM_UP)
            yield [self.store.pid, *(worker.pid for worker in workers)]
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            for worker in workers:
                await worker.wait()


async def _run(command: tuple[str, ...], environ: dict[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=_ROOT, env=environ, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} … ended with {process.returncode}")
    return output.decode()
