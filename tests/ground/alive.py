"""Which processes live. The dead whose parent has not waited for them yet do not."""

from __future__ import annotations

from pathlib import Path


def living() -> list[int]:
    """The ids of all processes of this machine that live."""
    return [
        pid for entry in Path("/proc").iterdir() if entry.name.isdigit() and is_alive(pid := int(entry.name))
    ]


def is_alive(pid: int) -> bool:
    """Whether a process is there, and not dead."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")
