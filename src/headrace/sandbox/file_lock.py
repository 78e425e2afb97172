"""Locks on files that end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def try_lock(file: Path, *, is_shared: bool = False) -> int | None:
    """Lock a file, made if it is not there; the descriptor that holds the lock, None where another does.

    A shared lock goes with other shared ones. Children hold it too if they inherit the descriptor, which
    they do only when told to. Whoever holds a lock alone may remove its file: others then make a new one.
    """
    kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if _is_still(file, descriptor):
            return descriptor
        os.close(descriptor)


def _is_still(file: Path, descriptor: int) -> bool:
    """Whether a file is the one that was opened: it may have been removed before it was locked."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return False
    opened = os.fstat(descriptor)
    return (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino)
