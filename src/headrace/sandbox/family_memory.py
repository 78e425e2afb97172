"""How much memory processes take with all that they have started, and how much there is."""

from __future__ import annotations

import os
import re
from pathlib import Path

_SHARE = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)
_KILOBYTE = 1024


def machine_memory() -> int:
    """Bytes of memory of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def family_memory(pid: int) -> int:
    """Bytes that a process takes with all below it; what several share is counted once.

    It costs milliseconds for each process. 0 for those that are gone, or may not be looked into.
    """
    return _own(pid) + sum(map(family_memory, _children(pid)))


def _own(pid: int) -> int:
    try:
        found = _SHARE.search(Path(f"/proc/{pid}/smaps_rollup").read_bytes())
    except OSError:
        found = None
    return int(found[1]) * _KILOBYTE if found else 0


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
