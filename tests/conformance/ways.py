"""The two ways in which a job can be started, the levels at which it can be kept, and a bench for both.

``_runtimes_by_way`` is the one place that knows how a way is asked for.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from headrace.errors import Misconfigured
from headrace.model.outcome import Outcome
from headrace.runtimes.base import Attempt, Code, Folders, Runtime
from headrace.runtimes.registry import make_runtimes
from headrace.sandbox.cage import Cage, Isolation, Stop
from headrace.sandbox.slots import Slots, choose_isolation, open_slots
from headrace.settings import Settings
from tests.ground.witness import EMPTY_LOCK


class Way(StrEnum):
    """How the process of a job comes to be."""

    FORK = "by fork"
    INTERPRETER = "by a new interpreter"


@dataclass(frozen=True)
class Told:
    """All that somebody outside learns of one job."""

    outcome: Outcome
    log: str

    @property
    def value(self) -> Any:
        """What it returned, or its error object."""
        return json.loads(self.outcome.result)

    @property
    def end(self) -> tuple[str, int | None]:
        """Its status and its exit code."""
        return self.outcome.status.value, self.outcome.measures.exit_code

    @property
    def error(self) -> tuple[str, str]:
        """Name and message of its error; for a job that succeeded there is none."""
        error = self.value["error"]
        return error["name"], error["message"]


class Log:
    """Keeps what is written, and tells when a text has come."""

    def __init__(self) -> None:
        self.data = b""
        self._grew = asyncio.Event()

    async def write(self, data: bytes) -> None:
        self.data += data
        self._grew.set()

    async def until(self, text: bytes) -> bytes:
        """Wait for a text; everything so far."""
        while text not in self.data:
            self._grew.clear()
            await self._grew.wait()
        return self.data


@dataclass(frozen=True)
class Bench:
    """Slots to try jobs in, by either way, at one level."""

    level: Isolation
    folders: Folders
    slots: Slots
    runtimes: dict[Way, Runtime]

    async def run(
        self,
        content: str,
        arguments: dict[str, Any] | None = None,
        *,
        way: Way = Way.FORK,
        log: Log | None = None,
        environ: dict[str, str] | None = None,
        **changes: Any,
    ) -> Told:
        """Run a script to its end. ``environ`` is added to its own, ``changes`` are those of the attempt."""
        log = log or Log()
        async with self.slots.take() as cage:
            attempt = _attempt(content, arguments or {}, cage, environ or {})
            outcome = await self.runtimes[way].run(replace(attempt, **changes), log)
        return Told(outcome, log.data.decode(errors="replace"))

    async def same(self, content: str, arguments: dict[str, Any] | None = None, **changes: Any) -> Told:
        """Run a script by either way; what is told of it has to be the same, and is handed back."""
        by_fork, by_interpreter = [
            await self.run(content, arguments, way=way, **changes) for way in (Way.FORK, Way.INTERPRETER)
        ]
        assert by_fork.end == by_interpreter.end, (by_fork, by_interpreter)
        if by_fork.outcome.result != by_interpreter.outcome.result:
            assert by_fork.value == by_interpreter.value
        assert by_fork.log == by_interpreter.log
        return by_fork


def why_not(level: str) -> str:
    """Why jobs can't be kept at a level on this machine by this account; empty where they can."""
    try:
        choose_isolation(level)
    except Misconfigured as error:
        return str(error)
    return ""


@asynccontextmanager
async def open_bench(root: Path, level: str = "auto", slots: int = 2) -> AsyncIterator[Bench]:
    """A worker's runtimes and slots, without the worker; all its folders lie below one."""
    folders = Folders(*(root / part for part in ("shared", "cache", "jobs")))
    settings = Settings(slots=slots, isolation=level)
    opened = open_slots(settings)
    yield Bench(opened.isolation, folders, opened, await _runtimes_by_way(folders, opened, settings))


async def _runtimes_by_way(folders: Folders, slots: Slots, settings: Settings) -> dict[Way, Runtime]:
    runtime = (await make_runtimes(folders, slots, settings)).get("python3")
    return {Way.FORK: runtime, Way.INTERPRETER: runtime}


def _attempt(content: str, arguments: dict[str, Any], cage: Cage, environ: dict[str, str]) -> Attempt:
    return Attempt(
        name="attempt-1",
        code=Code(content, "python3", path="u/admin/script", lock=EMPTY_LOCK),
        arguments=json.dumps(arguments).encode(),
        environ={"LANG": "C.UTF-8", "WM_JOB_ID": "a-job", "WM_TOKEN": "a token"} | environ,
        timeout_seconds=30,
        cage=cage,
        stop=Stop(),
        note_memory=_note_nothing,
    )


async def _note_nothing(_peak_memory_kb: int) -> None:
    pass
