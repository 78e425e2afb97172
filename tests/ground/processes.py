"""Headrace as it is run: servers and workers as processes of their own, with real signals.

Nothing here sleeps: a process is ready when it says so on its output, and over when the kernel does.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

_PATIENCE_SECONDS = 40
_HEADRACE = (sys.executable, "-c", "from headrace.cli.main import main; main()")


class Process:
    """One running ``headrace`` command and what it has said so far."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._process = process
        self._lines: list[str] = []
        self._changed = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended, as far as is known."""
        return self._process.returncode is None

    @property
    def output(self) -> str:
        """All that it has said."""
        return "\n".join(self._lines)

    async def says(self, pattern: str) -> str:
        """Wait for a line that matches, from its first one on, and return it."""
        async with self._changed:
            await self._wait_for(lambda: self._line(pattern) is not None, f"a line like {pattern!r}")
            line = self._line(pattern)
        assert line is not None, f"{self.name} ended without a line like {pattern!r}:\n{self.output}"
        return line

    def signal(self, number: signal.Signals) -> None:
        """Signal it."""
        self._process.send_signal(number)

    async def stops(self) -> None:
        """Wait until it has stopped: one that stops itself says so a moment before."""
        await asyncio.to_thread(os.waitid, os.P_PID, self.pid, os.WSTOPPED | os.WNOWAIT)

    async def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self.signal(signal.SIGKILL)
        await self.ends()

    async def ends(self) -> int:
        """Wait for its end; the exit code, or minus a signal's number."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                code = await self._process.wait()
                await self._reading
        except TimeoutError:
            raise AssertionError(f"{self.name} does not end:\n{self.output}") from None
        return code

    async def end(self) -> None:
        """End it in good order, or by force; harmless where it is over."""
        if self._process.returncode is not None:
            await self._reading
            return
        with suppress(ProcessLookupError):
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(10):
                await self._process.wait()
        except TimeoutError:
            await self.kill()
            raise AssertionError(f"{self.name} did not end on SIGTERM:\n{self.output}") from None
        await self._reading

    async def _wait_for(self, holds: Any, what: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._changed.wait_for(lambda: holds() or self._reading.done())
        except TimeoutError:
            raise AssertionError(f"{self.name}: waited in vain for {what}:\n{self.output}") from None

    def _line(self, pattern: str) -> str | None:
        return next((line for line in self._lines if re.search(pattern, line)), None)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            async with self._changed:
                self._lines.append(line.decode(errors="replace").rstrip("\n"))
                self._changed.notify_all()
        async with self._changed:
            self._changed.notify_all()


class Server(Process):
    """A server, and where it is."""

    url = ""

    def client(self, token: str) -> httpx.AsyncClient:
        """An HTTP client of its API; the caller closes it."""
        headers = {"Authorization": f"Bearer {token}"}
        # There is no TLS here, and to make ready for it takes longer than most requests.
        options: dict[str, Any] = {"timeout": 30, "trust_env": False, "verify": False}
        return httpx.AsyncClient(base_url=f"{self.url}/api", headers=headers, **options)


class Installation:
    """Starts processes for one database; ``environ`` holds settings for all of them."""

    def __init__(self, database_url: str, data_dir: Path, environ: dict[str, str]) -> None:
        self._environ = environ | {
            "HEADRACE_DATABASE_URL": database_url,
            "HEADRACE_DATA_DIR": str(data_dir),
        }
        self.processes: list[Process] = []

    async def server(self, **settings: Any) -> Server:
        """Start a server and wait until it answers. ``settings`` are set for it alone."""
        port = _free_port()
        process = await self._start(Server, "server", {"port": port, **settings})
        process.url = f"http://127.0.0.1:{port}"
        await process.says("listening on")
        async with process.client("nobody") as client:
            (await client.get("/version")).raise_for_status()
        return process

    async def worker(self, **settings: Any) -> Process:
        """Start a worker and wait until it takes jobs."""
        process = await self.start_worker(**settings)
        await process.says("takes jobs tagged")
        return process

    async def start_worker(self, **settings: Any) -> Process:
        """Start a worker; it is not ready yet."""
        return await self._start(Process, "worker", settings)

    async def end(self) -> None:
        """End all that still runs, the last first."""
        endings = [process.end() for process in reversed(self.processes)]
        results = await asyncio.gather(*endings, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _start(self, kind: type[Any], command: str, settings: dict[str, Any]) -> Any:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
        environ |= self._environ | {f"HEADRACE_{name.upper()}": str(v) for name, v in settings.items()}
        process = await asyncio.create_subprocess_exec(
            *_HEADRACE,
            command,
            env=environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        started = kind(f"{command} {process.pid}", process)
        self.processes.append(started)
        return started


@asynccontextmanager
async def running_installation(
    database_url: str, data_dir: Path, **settings: Any
) -> AsyncIterator[Installation]:
    """An installation whose processes are over when the block is; ``settings`` hold for each of them."""
    environ = {f"HEADRACE_{name.upper()}": str(value) for name, value in settings.items()}
    installation = Installation(database_url, data_dir, environ)
    try:
        yield installation
    except BaseException as error:
        for process in installation.processes:
            state = "running" if process.is_running else "over"
            error.add_note(f"{process.name} is {state} and said:\n{process.output}")
        raise
    finally:
        await installation.end()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]
