"""Which processes live. The dead whose parent has not waited for them yet do not."""

from __future__ import annotations

import re
from pathlib import Path


def living() -> list[int]:
    """The ids of all processes of this machine that live."""
    return [
        pid for entry in Path("/proc").iterdir() if entry.name.isdigit() and is_alive(pid := int(entry.name))
    ]


def pid_here(told: str) -> int | None:
    """The id of a process by what it tells of itself: its id, ``@``, the inode of ``/proc/self/ns/pid``.

    In a sandbox processes are counted anew. None where it lives no more.
    """
    pid, _, namespace = told.partition("@")
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                is_it = entry.joinpath("ns/pid").stat().st_ino == int(namespace)
                ids = re.search(r"^NSpid:.*\t(\d+)$", (entry / "status").read_text(), re.MULTILINE)
            except OSError:
                continue
            if is_it and ids and ids[1] == pid and is_alive(int(entry.name)):
                return int(entry.name)
    return None


def is_alive(pid: int) -> bool:
    """Whether a process is there, and not dead."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")
