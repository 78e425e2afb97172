"""The two ways in which a job can be started, the levels at which it can be kept, and a bench for both."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from headrace.errors import Misconfigured
from headrace.runtimes.base import Attempt, Code, Folders, Runtime
from headrace.runtimes.isolation import find_isolation
from headrace.runtimes.registry import make_runtimes
from headrace.sandbox.cage import Cage, Isolation, Stop
from headrace.sandbox.slots import Slots, open_slots
from headrace.settings import Settings
from tests.ground.witness import EMPTY_LOCK


class Way(StrEnum):
    """How the process of a job comes to be."""

    FORK = "fork"
    INTERPRETER = "interpreter"


@dataclass(frozen=True)
class Told:
    """All that somebody outside learns of one job."""

    status: str
    exit_code: int | None
    result: str
    log: str

    @property
    def value(self) -> Any:
        """What it returned, or its error object."""
        return json.loads(self.result)

    @property
    def end(self) -> tuple[str, int | None]:
        """Its status and its exit code."""
        return self.status, self.exit_code


@dataclass(frozen=True)
class Play:
    """A script with its arguments, and what it is run beside.

    ``modules`` maps paths of workspace scripts that it may import to their source. A ``neighbour`` is a
    script that runs in another slot meanwhile: it prints a line of JSON once it is ready, which the script
    gets as its argument ``neighbour``. ``resident`` is whom a process is kept for, if one is.
    """

    content: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    modules: dict[str, str] = field(default_factory=dict[str, str])
    environ: dict[str, str] = field(default_factory=dict[str, str])
    timeout_seconds: float = 30
    neighbour: str | None = None
    resident: str | None = None


class Log:
    """Keeps what is written, and tells when a text has come."""

    def __init__(self) -> None:
        self.data = b""
        self._grew = asyncio.Event()

    async def write(self, data: bytes) -> None:
        self.data += data
        self._grew.set()

    async def until(self, text: bytes, writer: asyncio.Task[Any]) -> bytes:
        """Wait for a text; everything so far. Its writer must not end before."""
        while text not in self.data:
            assert not writer.done(), writer.result()
            self._grew.clear()
            growing = asyncio.create_task(self._grew.wait())
            await asyncio.wait((growing, writer), return_when=asyncio.FIRST_COMPLETED)
            growing.cancel()
        return self.data


@dataclass(frozen=True)
class Bench:
    """Slots to try jobs in, by either way, at one level."""

    level: Isolation
    folders: Folders
    slots: Slots
    runtimes: dict[Way, Runtime]

    async def run(
        self, content: str, arguments: dict[str, Any] | None = None, *, way: Way = Way.FORK, **more: Any
    ) -> Told:
        """Run a script to its end, by one of the ways."""
        return await self.play(Play(content, arguments or {}, **more), way)

    async def play(self, play: Play, way: Way = Way.FORK) -> Told:
        """The same, beside a neighbour if it has one."""
        if play.neighbour is None:
            return await self._run(play, way, Log(), Stop(), "attempt-1")
        log, stop = Log(), Stop()
        neighbour = asyncio.create_task(
            self._run(replace(play, content=play.neighbour), way, log, stop, "attempt-2")
        )
        try:
            said = await log.until(b"\n", neighbour)
            told = play.arguments | {"neighbour": json.loads(said)}
            return await self._run(replace(play, arguments=told), way, Log(), Stop(), "attempt-1")
        finally:
            stop.set_at_once()
            await neighbour

    async def run_in(self, cage: Cage, play: Play, log: Log) -> Told:
        """Run a script by fork in a cage of one's own."""
        return await self._run_in(cage, play, Way.FORK, log, Stop(), "attempt-1")

    async def _run(self, play: Play, way: Way, log: Log, stop: Stop, name: str) -> Told:
        async with self.slots.take() as cage:
            return await self._run_in(cage, play, way, log, stop, name)

    async def _run_in(self, cage: Cage, play: Play, way: Way, log: Log, stop: Stop, name: str) -> Told:
        outcome = await self.runtimes[way].run(make_attempt(play, cage, stop, name), log)
        text = log.data.decode(errors="replace")
        return Told(outcome.status, outcome.measures.exit_code, outcome.result.decode(), text)

    async def same(self, content: str, arguments: dict[str, Any] | None = None, **changes: Any) -> Told:
        """Run a script by either way; what is told of it has to be the same, and is handed back."""
        by_fork, by_interpreter = [
            await self.run(content, arguments, way=way, **changes) for way in (Way.FORK, Way.INTERPRETER)
        ]
        assert by_fork.end == by_interpreter.end, (by_fork, by_interpreter)
        assert by_fork.value == by_interpreter.value
        assert by_fork.log == by_interpreter.log
        return by_fork


async def why_not(level: str) -> str:
    """Why jobs can't be kept at a level on this machine by this account; empty where they can."""
    try:
        await find_isolation(level)
    except Misconfigured as error:
        return str(error)
    return ""


@asynccontextmanager
async def open_bench(root: Path, level: str = "auto", slots: int = 2, **more: Any) -> AsyncIterator[Bench]:
    """A worker's runtimes and slots, without the worker; all its folders lie below one.

    ``more`` are settings.
    """
    folders = Folders(*(root / part for part in ("shared", "cache", "jobs")))
    settings = Settings(slots=slots, isolation=level, grace_seconds=1, **more)
    opened = open_slots(settings, await find_isolation(level))
    by_way = {way: await make_runtimes(folders, opened, replace(settings, start_jobs_by=way)) for way in Way}
    runtimes = {way: made.get("python3") for way, made in by_way.items()}
    try:
        yield Bench(opened.isolation, folders, opened, runtimes)
    finally:
        for made in by_way.values():
            await made.close()


def make_attempt(play: Play, cage: Cage, stop: Stop, name: str) -> Attempt:
    """A script as a worker would hand it to a runtime."""
    return Attempt(
        name=name,
        code=Code(play.content, "python3", path="u/admin/script", lock=EMPTY_LOCK, modules=play.modules),
        arguments=json.dumps(play.arguments).encode(),
        environ={"LANG": "C.UTF-8", "WM_JOB_ID": name, "WM_TOKEN": f"a token of {name}"} | play.environ,
        timeout_seconds=play.timeout_seconds,
        cage=cage,
        stop=stop,
        note_memory=_note_nothing,
        resident=play.resident,
    )


async def _note_nothing(_peak_memory_kb: int) -> None:
    pass
