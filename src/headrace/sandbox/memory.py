"""How much memory a running process has had at most, and the end of a job that wants too much."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headrace.sandbox.child import Child

NoteMemory = Callable[[int], Awaitable[None]]
"""Is told, while a job runs, the most memory that its first process has had so far, in kB."""

_LOOK_SECONDS = 2.0
_WORTH_TELLING_KB = 1024


async def watch_memory(child: Child, note: NoteMemory) -> None:
    """Tell when a process has had more memory than was told before, until it is over or this is cancelled.

    A job of which the kernel has killed a process for want of memory is killed as a whole.
    """
    told = 0
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if (pid := child.pid) is None or (peak := _peak_of(pid)) is None:
            return
        if child.find_shortage() is not None:
            child.signal(signal.SIGKILL)
            return
        if peak >= told + _WORTH_TELLING_KB:
            told = peak
            await note(peak)


def _peak_of(pid: int) -> int | None:
    """None for a process that is gone, or that is dead and has no memory any more."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except OSError:
        pass
    return None
