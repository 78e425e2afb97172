"""Named places where a test can make this process die, stop or wait; without effect unless armed.

``HEADRACE_FAILPOINTS`` is a comma list of ``name=action`` or ``name=action:file``; actions are
``kill`` (SIGKILL to this process), ``stop`` (SIGSTOP) and ``wait`` (until the file is gone). With a
file, ``kill`` and ``stop`` happen once: the file is made first, and where it is there already
nothing happens. Read once, at import.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

_PAUSE_SECONDS = 0.02


def _read(text: str) -> dict[str, tuple[str, Path | None]]:
    armed: dict[str, tuple[str, Path | None]] = {}
    for item in filter(None, text.split(",")):
        name, _, action = item.partition("=")
        action, _, file = action.partition(":")
        armed[name] = (action, Path(file) if file else None)
    return armed


_ARMED = _read(os.environ.get("HEADRACE_FAILPOINTS", ""))


async def reach(name: str) -> None:
    """Do what the failpoint ``name`` is armed with, if it is."""
    if file := _strike(name):
        while file.exists():  # noqa: ASYNC110 - a test removes it from another process
            await asyncio.sleep(_PAUSE_SECONDS)


def reach_in_thread(name: str) -> None:
    """The same, for code that is not async; it blocks while it waits."""
    if file := _strike(name):
        while file.exists():
            time.sleep(_PAUSE_SECONDS)


def _strike(name: str) -> Path | None:
    """Die or stop here if that is armed; returns the file to wait for if waiting is."""
    if name not in _ARMED:
        return None
    action, file = _ARMED[name]
    if action == "wait" and file is not None:
        file.with_suffix(".reached").touch()
        return file
    if file is not None:
        try:
            file.touch(exist_ok=False)
        except FileExistsError:
            return None
    os.kill(os.getpid(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)
    return None
