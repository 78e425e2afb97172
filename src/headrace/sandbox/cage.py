"""How strongly a job is kept apart from the machine and from other jobs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum


class Isolation(StrEnum):
    """Levels of isolation, weakest last.

    ``SANDBOX``: namespaces, private mounts, seccomp. ``PROCESS``: own session, limits,
    no_new_privs, parent-death signal, private folder, own uid when the worker is root.
    ``NONE``: a plain child (it still loses root).
    """

    SANDBOX = "sandbox"
    PROCESS = "process"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings of one job. None means the machine's own.

    ``open_files`` and ``file_size_bytes`` hold for each of its processes; what it prints beyond
    ``log_bytes`` is counted and dropped; a result beyond ``result_bytes`` fails it.
    """

    open_files: int | None = 4096
    file_size_bytes: int | None = None
    result_bytes: int = 100 * 1024 * 1024
    log_bytes: int = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cage:
    """What one job is put into. ``uid`` is None when the worker is not root: the job keeps its uid."""

    isolation: Isolation
    uid: int | None
    limits: Limits = field(default_factory=Limits)
    grace_seconds: float = 5.0
    """Time between SIGTERM and SIGKILL when a job is stopped."""


class Stop(asyncio.Event):
    """Set when a job is to be stopped; ``at_once`` where it must not even get its grace."""

    at_once = False

    def set_at_once(self) -> None:
        """Stop the job without grace: others may be running it by now."""
        self.at_once = True
        self.set()
