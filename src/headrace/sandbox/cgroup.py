"""What one slot server and its job are counted in, and bounded by, together."""

from __future__ import annotations

import errno
import os
import re
import signal
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from headrace.sandbox.cgroup_places import MEMORY, PROCESSES

if TYPE_CHECKING:
    from pathlib import Path

    from headrace.sandbox.cage import Limits
    from headrace.sandbox.cgroup_places import Place

_OWN_PROCESSES = 2
"""The slot server, and one by which it ends those of another uid."""
_LONGEST = 4096
_KILLS = re.compile(rb"^oom_kill (\d+)", re.MULTILINE)
_REACHED = re.compile(rb"^(?:oom )?(\d+)$", re.MULTILINE)
_NEARLY_BYTES = 1024 * 1024


class Shortage(StrEnum):
    """Why a process was killed for want of memory."""

    LIMIT = "limit"
    """The job had all that it may have."""
    MACHINE = "machine"
    """The machine, or what bounds the worker as a whole, had none left."""


@dataclass(frozen=True, slots=True)
class _Full:
    """How it is seen that memory has reached its limit: a number in ``file`` is at least so much."""

    file: Path
    least: int

    @classmethod
    def of(cls, folder: Path, version: int, most: int) -> _Full:
        if version == 2:
            return cls(folder / "memory.events", 1)
        return cls(folder / "memory.max_usage_in_bytes", most - _NEARLY_BYTES)

    def was_reached(self) -> bool:
        found = _REACHED.search(self.file.read_bytes())
        return found is not None and int(found[1]) >= self.least


class Cgroup:
    """One cgroup, which has a folder in each of these places."""

    def __init__(self, folders: dict[Place, Path], limits: Limits) -> None:
        """Make it; raises OSError."""
        self._folders = folders
        self._events: int | None = None
        self._full: _Full | None = None
        self._kills = 0
        self.bounds_processes = False
        try:
            for place, folder in folders.items():
                folder.mkdir()
                self._bound(place, folder, limits)
        except OSError:
            self.remove()
            raise

    def take_in(self, pid: int) -> None:
        """Have a process live in it, and with it all that it starts from now on; raises OSError."""
        if pid <= 0:  # to the kernel that would be whoever writes it
            raise OSError(errno.ESRCH, "it is not known which process it is")
        for folder in self._folders.values():
            (folder / "cgroup.procs").write_text(str(pid))

    @property
    def bounds_memory(self) -> bool:
        """Whether what all in it have together is bounded."""
        return self._full is not None

    def begin(self) -> None:
        """From now on it is another job's."""
        self._kills = self._count_kills()

    def find_shortage(self) -> Shortage | None:
        """Whether a process of the job was killed for want of memory."""
        if self._count_kills() == self._kills:
            return None
        return Shortage.LIMIT if self._full and self._full.was_reached() else Shortage.MACHINE

    def remove(self) -> bool:
        """Kill whatever is in it, and remove it; False where that takes a moment still."""
        if self._events is not None:
            os.close(self._events)
            self._events = None
        return all(remove_folder(folder) for folder in self._folders.values())

    def _bound(self, place: Place, folder: Path, limits: Limits) -> None:
        if MEMORY in place.controllers:
            if limits.memory_bytes is not None:
                _bound_memory(folder, place.version, limits.memory_bytes)
                self._full = _Full.of(folder, place.version, limits.memory_bytes)
            events = folder / ("memory.oom_control" if place.version == 1 else "memory.events")
            self._events = os.open(events, os.O_RDONLY | os.O_CLOEXEC)
        if PROCESSES in place.controllers and limits.processes is not None:
            (folder / "pids.max").write_text(str(limits.processes + _OWN_PROCESSES))
            self.bounds_processes = True

    def _count_kills(self) -> int:
        found = None if self._events is None else _KILLS.search(os.pread(self._events, _LONGEST, 0))
        return int(found[1]) if found else 0


def remove_folder(folder: Path) -> bool:
    """Kill whatever is in one folder of a cgroup, and remove it; False where that takes a moment still."""
    try:
        for pid in (folder / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _bound_memory(folder: Path, version: int, most: int) -> None:
    """Swap counts as well: there is as much of it as the machine has."""
    if version == 2:
        (folder / "memory.max").write_text(str(most))
        with suppress(FileNotFoundError):
            (folder / "memory.swap.max").write_text("0")
        return
    (folder / "memory.limit_in_bytes").write_text(str(most))
    with suppress(FileNotFoundError):
        (folder / "memory.memsw.limit_in_bytes").write_text(str(most))
