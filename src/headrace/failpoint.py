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
from pathlib import Path


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
    if name not in _ARMED:
        return
    action, file = _ARMED[name]
    if action == "wait" and file is not None:
        file.with_suffix(".reached").touch()
        while file.exists():  # noqa: ASYNC110 - a test removes it from another process
            await asyncio.sleep(0.02)
        return
    if file is not None:
        try:
            file.touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)
