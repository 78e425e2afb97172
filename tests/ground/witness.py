"""An outside witness: jobs write what they do to a file that Headrace knows nothing of.

Each start and end is a line of its own, appended and synced by the job itself: what, job, attempt, process
and ``monotonic_ns``. Jobs are told the file, and a gate to wait at, as arguments.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.ground.alive import pid_here

EMPTY_LOCK = "# python 3.11\n"
"""Lock of a script that needs nothing: no environment is made for it."""

SCRIPT = """
import fcntl
import os
import time

ATTEMPT = int(os.environ["WM_TOKEN"].split("_")[2])


def note(witness, what):
    process = f"{os.getpid()}@{os.stat('/proc/self/ns/pid').st_ino}"
    line = f"{what} {os.environ['WM_JOB_ID']} {ATTEMPT} {process} {time.monotonic_ns()}\\n"
    file = os.open(witness, os.O_WRONLY | os.O_APPEND)
    os.write(file, line.encode())
    os.fsync(file)
    os.close(file)


def main(witness: str, gate: str | None = None, say: str = "", say_after: str = ""):
    note(witness, "start")
    if say:
        print(say, ATTEMPT, flush=True)
    if gate is not None:
        with open(gate) as file:
            fcntl.flock(file, fcntl.LOCK_SH)
    if say_after:
        print(say_after, ATTEMPT, flush=True)
    note(witness, "end")
    return {"attempt": ATTEMPT}
"""

_PATIENCE_SECONDS = 40
_WRITTEN = 0x2 | 0x100 | 0x200 | 0x80  # modified, created, deleted, moved in


@dataclass(frozen=True)
class Note:
    """What one line of the witness says; ``pid`` is for ``pid_here``."""

    what: str
    job: UUID
    attempt: int
    pid: str
    at: int


class Gate:
    """Jobs wait at it until it is opened; then it stays open. The wait is a lock that the test holds."""

    def __init__(self, file: Path) -> None:
        file.touch()
        file.chmod(0o644)
        self.path = str(file)
        self._held = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(self._held, fcntl.LOCK_EX)
        self._is_open = False

    def open(self) -> None:
        """Let all pass, from now on."""
        if not self._is_open:
            os.close(self._held)
            self._is_open = True


class Witness:
    """A folder of our own, with the file in it that jobs write to. Leave with ``close``."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="headrace-witness-"))
        self.folder.chmod(0o755)
        self._file = self.folder / "witness"
        self._file.touch()
        self._file.chmod(0o666)
        self._gates: list[Gate] = []
        self._watch = _watch(self.folder)

    def gate(self) -> Gate:
        """A closed gate."""
        self._gates.append(Gate(self.folder / f"gate-{len(self._gates)}"))
        return self._gates[-1]

    def args(self, **others: Any) -> dict[str, Any]:
        """The arguments of a job that is to be seen."""
        return {"witness": str(self._file)} | others

    def notes(self, what: str | None = None, job: UUID | str | None = None) -> list[Note]:
        """What has been written so far."""
        notes: list[Note] = []
        for line in self._file.read_text().splitlines():
            kind, identity, attempt, pid, at = line.split()
            notes.append(Note(kind, UUID(identity), int(attempt), pid, int(at)))
        return [n for n in notes if what in (None, n.what) and str(job or n.job) == str(n.job)]

    async def until(self, what: str, job: UUID | str, attempt: int = 1) -> Note:
        """Wait for a line of an attempt, and return it."""
        found: list[Note] = []

        def is_there() -> bool:
            found[:] = [note for note in self.notes(what, job) if note.attempt == attempt]
            return bool(found)

        await self.until_true(is_there, f"{what} of job {job}, attempt {attempt}")
        return found[0]

    async def until_reached(self, failpoint: Path) -> None:
        """Wait until a process waits at a failpoint armed with ``wait`` and this file of the folder."""
        await self.until_true(failpoint.with_suffix(".reached").exists, f"failpoint {failpoint.name}")

    async def until_true(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds; looked at whenever something is written to the folder."""
        changed = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._watch, lambda: (_drain(self._watch), changed.set()))
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not holds():
                    await changed.wait()
                    changed.clear()
        except TimeoutError:
            raise AssertionError(f"waited in vain for: {what}; witness: {self.notes()}") from None
        finally:
            loop.remove_reader(self._watch)

    def close(self) -> None:
        """Open all gates and remove the folder."""
        for gate in self._gates:
            gate.open()
        os.close(self._watch)
        shutil.rmtree(self.folder)


async def until_gone(process: int | str) -> None:
    """Wait until a process is over, of whoever it is a child; a text is for ``pid_here``."""
    pid = pid_here(process) if isinstance(process, str) else process
    if pid is None:
        return
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(descriptor, ended.set)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await ended.wait()
        except TimeoutError:
            raise AssertionError(f"process {pid} is still there") from None
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)


def _watch(folder: Path) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0 or libc.inotify_add_watch(descriptor, os.fsencode(folder), _WRITTEN) < 0:
        raise OSError(ctypes.get_errno(), "inotify can't be had")
    return descriptor


def _drain(descriptor: int) -> None:
    with suppress(BlockingIOError):
        while os.read(descriptor, 65536):
            pass
