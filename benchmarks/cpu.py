"""CPU time of processes, with all that they have waited for."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def cpu_ms(pids: list[int]) -> float:
    """Milliseconds used so far by these processes, their children, and the dead among those."""
    return sum(_ticks(pid) for root in pids for pid in (root, *descendants(root))) * _TICK_MS


def own_cpu_ms(pid: int) -> float:
    """Milliseconds used so far by one process alone."""
    return _ticks(pid, children=False) * _TICK_MS


async def foreign_share(seconds: float = 0.5) -> float:
    """How much of all cores is in use while we do nothing: 0 to 1."""
    before = _machine_ticks()
    await asyncio.sleep(seconds)
    busy, total = (now - then for now, then in zip(_machine_ticks(), before, strict=True))
    return busy / max(total, 1)


def _machine_ticks() -> tuple[int, int]:
    """Ticks of all cores so far: busy, and in all."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def _ticks(pid: int, *, children: bool = True) -> int:
    """Own time and that of the children it has reaped; 0 where it has just ended: its parent has it then."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(map(int, stat.rpartition(")")[2].split()[11 : 15 if children else 13]))


def descendants(pid: int) -> list[int]:
    """All processes below it, as far as they are still its children's children."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found
