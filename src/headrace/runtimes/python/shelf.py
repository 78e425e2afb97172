"""A folder of folders that are each made once, aside, and only read from then on.

Safe with many processes and with a kill at any point: whoever makes one holds a lock that the processes
writing there inherit; what a killed maker left is removed by the next one; a rename makes it visible.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from headrace.sandbox.file_lock import try_lock

Fill = Callable[[Path, int], Awaitable[bool]]
"""Fills a folder that is not there yet; False to give up. Its processes are to inherit the descriptor."""

_PAUSE_SECONDS = 0.1


class Shelf:
    """What is kept below ``folder``, by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._aside = folder / ".making"
        self._is_swept = False

    def find(self, name: str) -> Path | None:
        """The finished folder of this name."""
        folder = self._folder / name
        return folder if folder.is_dir() else None

    async def add(self, name: str, fill: Fill, canceled: asyncio.Event) -> Path | None:
        """Find a folder or make it; None if canceled or given up. Raises OSError where it can't be kept."""
        await asyncio.to_thread(self._prepare)
        async with _locked(self._aside / f"{name}.lock", canceled) as lock:
            if lock is None:
                return None
            if found := self.find(name):
                return found
            aside = self._aside / name
            try:
                await asyncio.to_thread(_remove, aside)
                if not await fill(aside, lock):
                    return None
                await asyncio.to_thread(_publish, aside, self._folder / name)
            finally:
                await asyncio.to_thread(_remove, aside)
        return self._folder / name

    def _prepare(self) -> None:
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._folder.chmod(0o755)
        self._aside.mkdir(mode=0o700, exist_ok=True)
        self._aside.chmod(0o700)  # nobody else may hold a lock or see what is not finished
        if not self._is_swept:
            self._is_swept = True
            self._sweep()

    def _sweep(self) -> None:
        """Remove what makers left that are gone."""
        for lock in self._aside.glob("*.lock"):
            aside = lock.with_suffix("")
            if aside.exists() and (descriptor := try_lock(lock)) is not None:
                try:
                    _remove(aside)
                finally:
                    os.close(descriptor)


@asynccontextmanager
async def _locked(file: Path, canceled: asyncio.Event) -> AsyncIterator[int | None]:
    """Wait for a lock; gives its descriptor, or None if canceled first."""
    stopping = asyncio.create_task(canceled.wait())
    descriptor: int | None = None
    try:
        while not canceled.is_set() and (descriptor := try_lock(file)) is None:
            await asyncio.wait((stopping,), timeout=_PAUSE_SECONDS)
        yield descriptor
    finally:
        stopping.cancel()
        if descriptor is not None:
            os.close(descriptor)


def _publish(aside: Path, folder: Path) -> None:
    """Make a folder readable for everybody, writable for its owner alone, and visible."""
    for parent, _, files in os.walk(aside):
        Path(parent).chmod(0o755)
        for file in (Path(parent) / name for name in files):
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
    _write_through(aside)
    aside.rename(folder)


def _write_through(folder: Path) -> None:
    """Bring a folder's content to the disk: a rename may otherwise outlive a power cut that it does not."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        ctypes.CDLL(None, use_errno=True).syncfs(descriptor)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
