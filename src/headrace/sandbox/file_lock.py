"""Locks on files that end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def try_lock(file: Path) -> int | None:
    """Lock a file, made if it is not there; the descriptor that holds the lock, None where another does.

    Children hold it too if they inherit the descriptor, which they do only when told to.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
