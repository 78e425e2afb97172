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
    return tell_living().get(told)


def tell_living() -> dict[str, int]:
    """What processes that live would tell of themselves, and their ids here."""
    told: dict[str, int] = {}
    for pid in living():
        try:
            namespace = Path(f"/proc/{pid}/ns/pid").stat().st_ino
            ids = re.search(r"^NSpid:.*\t(\d+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        except OSError:
            continue
        if ids:
            told[f"{ids[1]}@{namespace}"] = pid
    return told


def is_alive(pid: int) -> bool:
    """Whether a process is there, and not dead."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")
