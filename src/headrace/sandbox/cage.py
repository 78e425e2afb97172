"""How strongly a job is kept apart from the machine and from other jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
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

    ``open_files``, ``file_size_bytes`` and ``cpu_seconds`` hold for each of its processes, ``processes``
    (threads count) for all of them, ``memory_bytes`` for all of them in a cgroup, elsewhere for the address
    space of each, ``disk_bytes`` for its temporary files in a sandbox; what it
    prints beyond ``log_bytes`` is counted and dropped; a result beyond ``result_bytes`` fails it.
    """

    open_files: int | None = 4096
    file_size_bytes: int | None = None
    cpu_seconds: int | None = None
    memory_bytes: int | None = None
    processes: int | None = None
    disk_bytes: int = 2 * 1024**3
    result_bytes: int = 100 * 1024 * 1024
    log_bytes: int = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cage:
    """What one job is put into.

    ``uid`` is None when the worker is not root: the job keeps its uid. ``index`` tells the slots of a worker
    apart.
    """

    isolation: Isolation
    uid: int | None
    limits: Limits = field(default_factory=Limits)
    grace_seconds: float = 5.0
    """Time between SIGTERM and SIGKILL when a job is stopped."""
    index: int = 0

    @property
    def resource_limits(self) -> dict[str, int]:
        """The limits of each process, by their names in Python's ``resource``."""
        if self.isolation is Isolation.NONE:
            return {}
        wanted = {
            "RLIMIT_CORE": 0,
            "RLIMIT_NOFILE": self.limits.open_files,
            "RLIMIT_FSIZE": self.limits.file_size_bytes,
            "RLIMIT_CPU": self.limits.cpu_seconds,
            "RLIMIT_AS": self.limits.memory_bytes,
            # The kernel counts all processes of a uid, whoever has started them.
            "RLIMIT_NPROC": self.limits.processes if self._is_own_count else None,
        }
        return {name: ceiling for name, ceiling in wanted.items() if ceiling is not None}

    @property
    def _is_own_count(self) -> bool:
        return self.uid is not None or self.isolation is Isolation.SANDBOX


class Stop(asyncio.Event):
    """Set when a job is to be stopped; ``at_once`` where it must not even get its grace."""

    at_once = False
    _listener: Callable[[], None] | None = None

    def set(self) -> None:
        """Stop the job."""
        super().set()
        if self._listener is not None:
            self._listener()

    def listen(self, listener: Callable[[], None] | None) -> None:
        """Have one function called when it is set, at once if it is; None takes that back."""
        self._listener = listener
        if listener is not None and self.is_set():
            listener()

    def set_at_once(self) -> None:
        """Stop the job without grace: others may be running it by now."""
        self.at_once = True
        self.set()
