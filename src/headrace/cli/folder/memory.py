"""Remembers what files held, so that looking at thousands of them again costs a look at each, no more."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from headrace.clock import now

Read = TypeVar("Read")

_RACY_SECONDS = 1.0
"""A file that is younger may change again without a change of its time: the clocks of disks are coarse."""


class FileMemory:
    """A file is read again when its inode, its size or its times have changed."""

    def __init__(self, clock: Callable[[], datetime] = now) -> None:
        self._clock = clock
        self._known: dict[tuple[Path, Callable[[Path], Any]], tuple[tuple[int, ...], Any]] = {}

    def recall(self, file: Path, read: Callable[[Path], Read]) -> Read:
        """What ``read`` makes of the file; what it raises is not remembered."""
        stamp = _stamp(file)
        known = self._known.get((file, read))
        if known is not None and known[0] == stamp:
            return known[1]
        value = read(file)
        if stamp and stamp[-1] < (self._clock().timestamp() - _RACY_SECONDS) * 10**9:
            self._known[file, read] = (stamp, value)
        return value


def _stamp(file: Path) -> tuple[int, ...]:
    try:
        found = os.stat(file)  # noqa: PTH116 - the same as Path.stat, in half the time
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
