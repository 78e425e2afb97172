"""The contract between the worker and a language.

A runtime knows the sandbox and the model, never the database. It is given an attempt and a
place to write logs, and gives back an outcome; whatever the user's code does is a value, and
an exception that leaves ``run`` is a fault of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from headrace.model.outcome import Outcome
from headrace.sandbox.cage import Cage, Stop
from headrace.sandbox.frames import TakeNote, take_no_notes
from headrace.sandbox.memory import NoteMemory


class LogSink(Protocol):
    """Where a job's output goes, in the order it was written."""

    async def write(self, data: bytes) -> None:
        """Take raw output. Waits when the reader of the log is slower than the job."""
        ...


@dataclass(frozen=True, slots=True)
class Code:
    """Source to run, with all that decides how.

    ``path`` is the script's path, or None for a preview without one. ``modules`` maps the
    paths of the workspace scripts it imports, transitively, to their source. ``lock`` is None
    where dependencies have not been locked yet (a preview). ``dependency_files`` maps names of the
    workspace's files of dependencies to their content; the one without a name is called ``default``.
    ``entry`` is the function that is called.
    """

    content: str
    language: str
    path: str | None = None
    lock: str | None = None
    modules: dict[str, str] = field(default_factory=dict[str, str])
    dependency_files: dict[str, str] = field(default_factory=dict[str, str])
    entry: str = "main"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a job, ready to be run.

    ``name`` is unique for ever: the job's folder is called so. ``arguments`` is a JSON object in
    UTF-8. ``environ`` is the whole environment of the job but for what the runtime adds itself.
    ``stop`` is set when the job is to be stopped: the runtime then ends it (SIGTERM, grace, SIGKILL)
    and returns what it has. ``timeout_seconds`` bounds the preparation and then the run.
    ``note_memory`` is told while it runs how much memory it has had at most. ``take_note`` is given what it
    tells before its answer (``sandbox/frames.py``): pieces of a streamed result, and, where ``preprocess``
    makes the code's ``preprocessor`` come before ``main``, the arguments that it made. Attempts that have the
    same ``resident``, the same code and the same cage may be run by one process, one after the other; one
    that has None gets a process of its own.
    """

    name: str
    code: Code
    arguments: bytes
    environ: dict[str, str]
    timeout_seconds: float
    cage: Cage
    stop: Stop
    note_memory: NoteMemory
    take_note: TakeNote = take_no_notes
    preprocess: bool = False
    resident: str | None = None


class Runtime(Protocol):
    """One language."""

    async def run(self, attempt: Attempt, log: LogSink) -> Outcome:
        """Run the code in a process of its own and wait until nothing of it is left; or in a resident one."""
        ...

    async def lock(self, code: Code, cage: Cage, log: LogSink, stop: Stop) -> str:
        """Resolve the code's dependencies to a lockfile; raises LockFailed with the reason.

        What has to be built for that is built in the cage.
        """
        ...

    async def warm_up(self, cages: list[Cage]) -> None:
        """Start ahead of need what many jobs will want, for each of these cages."""
        ...

    async def close(self) -> None:
        """End what it keeps running beside jobs."""
        ...


class LockFailed(Exception):
    """Dependencies could not be resolved; the message is the resolver's own, made readable."""


class DependenciesFailed(Exception):
    """Locked packages could not be installed; the message says which or why."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where runtimes keep things on this machine; all below the data folder.

    ``shared`` holds what jobs may read (environments, interpreters, the runner), ``cache`` what
    only the worker reads (downloaded packages), ``jobs`` one folder for each running attempt.
    """

    shared: Path
    cache: Path
    jobs: Path
