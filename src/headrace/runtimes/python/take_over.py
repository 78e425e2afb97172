"""Takes over what a build made: copied as plain data, whatever the account of the build did to it."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from headrace.runtimes.base import DependenciesFailed


def take_over(made: Path, target: Path, uid: int, most_bytes: int) -> None:
    """Copy a folder, with new files that belong to the worker, modes 0755 and 0644, and their old times.

    Whatever is no plain file or folder that belongs to ``uid`` is refused: links, devices, and files of
    others that were linked here to be read. Raises DependenciesFailed then, and where it is too much.
    Nobody may be writing to it any more.
    """
    left = most_bytes
    steps = [(made, target)]
    while steps:
        source, place = steps.pop()
        place.mkdir(mode=0o755, parents=True)
        with os.scandir(source) as entries:
            for entry in entries:
                here, there = source / entry.name, place / entry.name
                state = entry.stat(follow_symlinks=False)
                if state.st_uid != uid or not (stat.S_ISDIR(state.st_mode) or stat.S_ISREG(state.st_mode)):
                    raise DependenciesFailed(
                        f"the build made {here.relative_to(made)}: that is no plain file or folder of its own"
                    )
                if stat.S_ISDIR(state.st_mode):
                    steps.append((here, there))
                    continue
                left -= state.st_size
                if left < 0:
                    raise DependenciesFailed(
                        f"the build made more than {most_bytes // 1024**2} MB (setting build_limit_mb)"
                    )
                _copy(here, there, state)


def read_output(file: Path, uid: int, most_bytes: int) -> bytes:
    """What a build printed into a file of its own; empty where that is not there or not its own."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as opened:
        state = os.fstat(descriptor)
        if state.st_uid != uid or not stat.S_ISREG(state.st_mode):
            return b""
        return opened.read(most_bytes)


def _copy(source: Path, target: Path, state: os.stat_result) -> None:
    with (
        os.fdopen(os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as reading,
        target.open("xb") as writing,
    ):
        shutil.copyfileobj(reading, writing)
        os.fchmod(writing.fileno(), 0o755 if state.st_mode & 0o100 else 0o644)
    # Compiled modules are valid as long as the time of their source is the same.
    os.utime(target, ns=(state.st_atime_ns, state.st_mtime_ns))
