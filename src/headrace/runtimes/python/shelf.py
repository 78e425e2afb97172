"""A folder of folders that are each made once, aside, and only read from then on.

Safe with many processes and with a kill at any point: whoever makes or removes one holds a lock that the
processes writing there inherit; a rename makes it visible, or invisible; what a killed process left
aside is removed by the next one. Who reads one borrows it: while it is borrowed nobody removes it.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from headrace import failpoint
from headrace.sandbox.file_lock import try_lock

Fill = Callable[[Path, int], Awaitable[bool]]
"""Fills a folder that is not there yet; False to give up. Its processes are to inherit the descriptor."""

_PAUSE_SECONDS = 0.1


class Loan:
    """The use of a folder, until it is closed or this process ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def again(self) -> Loan:
        """Another use of the same folder, which ends by itself."""
        if self._descriptor is None:
            raise ValueError(f"{self.path} was given back")
        return Loan(self.path, os.dup(self._descriptor))

    def close(self) -> None:
        """Give the folder back; its last use is now."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            _touch(descriptor)
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished folder: its name, the room it takes in bytes, when it was last used (seconds, any clock)."""

    name: str
    size: int
    used_at: float


class Shelf:
    """What is kept below ``folder``, by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._aside = folder / ".making"
        self._records = folder / ".used"
        self._is_swept = False

    def find(self, name: str) -> Path | None:
        """The finished folder of this name."""
        folder = self._folder / name
        return folder if folder.is_dir() else None

    def borrow(self, name: str) -> Loan | None:
        """The finished folder of this name, kept from being removed; None where there is none.

        Raises OSError where its use can't be recorded. Takes microseconds: no other thread is needed.
        """
        if not self.find(name):
            return None
        self._records.mkdir(mode=0o700, exist_ok=True)
        failpoint.reach_in_thread("borrow_before_lock")
        descriptor = try_lock(self._records / name, is_shared=True)
        if descriptor is None:  # it is being removed
            return None
        if not (folder := self.find(name)):
            os.close(descriptor)
            return None
        _touch(descriptor)
        return Loan(folder, descriptor)

    async def add(self, name: str, fill: Fill, canceled: asyncio.Event) -> Path | None:
        """Find a folder or make it; None if canceled or given up. Raises OSError where it can't be kept."""
        await asyncio.to_thread(self._prepare)
        await failpoint.reach("shelf_before_lock")
        async with _locked(self._aside / f"{name}.lock", canceled) as lock:
            if lock is None:
                return None
            await failpoint.reach("shelf_after_lock")
            if found := self.find(name):
                return found
            aside = self._aside / name
            try:
                await _to_its_end(_remove, aside)
                await failpoint.reach("shelf_before_fill")
                if not await fill(aside, lock):
                    return None
                await _to_its_end(self._publish, name)
            finally:
                await _to_its_end(_remove, aside)
                await failpoint.reach("shelf_before_unlock")
                (self._aside / f"{name}.lock").unlink(missing_ok=True)
        return self._folder / name

    def contents(self) -> list[Kept]:
        """All finished folders; looks at each file of those whose size is not recorded."""
        return [kept for entry in self._folder.glob("[!.]*") if (kept := self._look_at(entry.name))]

    def remove(self, name: str) -> bool:
        """Remove a folder that nobody uses or makes; False where somebody does. Raises OSError."""
        with _held(self._aside / f"{name}.lock") as lock, _held(self._records / name) as record:
            if lock is None or record is None or not (folder := self.find(name)):
                return False
            _remove(self._aside / name)
            failpoint.reach_in_thread("eviction_before_rename")
            folder.rename(self._aside / name)
            failpoint.reach_in_thread("eviction_after_rename")
            (self._records / name).unlink()
            failpoint.reach_in_thread("eviction_before_removal")
            _remove(self._aside / name)
            failpoint.reach_in_thread("eviction_after_removal")
            (self._aside / f"{name}.lock").unlink()
        return True

    def sweep(self) -> None:
        """Remove what processes left that are gone: half-made folders, locks, records of nothing."""
        with suppress(FileNotFoundError):
            for name in {path.name.removesuffix(".lock") for path in self._aside.iterdir()}:
                self._clear(name)
        with suppress(FileNotFoundError):
            for record in self._records.iterdir():
                with _held(record) as descriptor:
                    if descriptor is not None and not self.find(record.name):
                        record.unlink()

    def _clear(self, name: str) -> None:
        file = self._aside / f"{name}.lock"
        with _held(file) as lock:
            if lock is not None:
                failpoint.reach_in_thread("sweep_before_removal")
                _remove(self._aside / name)
                file.unlink()

    def _prepare(self) -> None:
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._folder.chmod(0o755)
        for folder in (self._aside, self._records):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)  # nobody else may hold a lock or see what is not finished
        if not self._is_swept:
            self._is_swept = True
            self.sweep()

    def _publish(self, name: str) -> None:
        """Make a folder readable for everybody, writable for its owner alone, and visible."""
        aside = self._aside / name
        failpoint.reach_in_thread("publish_before_modes")
        _set_modes(aside)
        failpoint.reach_in_thread("publish_before_sync")
        _write_through(aside)
        failpoint.reach_in_thread("publish_before_record")
        (self._records / name).write_text(str(disk_usage(aside)))
        failpoint.reach_in_thread("publish_before_rename")
        aside.rename(self._folder / name)
        failpoint.reach_in_thread("publish_after_rename")

    def _look_at(self, name: str) -> Kept | None:
        folder, record = self._folder / name, self._records / name
        try:
            used_at = (record if record.exists() else folder).stat().st_mtime
            text = record.read_text() if record.exists() else ""
        except FileNotFoundError:  # it was removed just now
            return None
        return Kept(name, int(text) if text.isdecimal() else disk_usage(folder), used_at)


def disk_usage(folder: Path) -> int:
    """The room that a folder takes on its disk, in bytes; what goes meanwhile is not counted."""
    total = 0
    for parent, _, files in os.walk(folder):
        for file in files:
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(parent, file)).st_blocks * 512  # noqa: PTH118 - of many files
    return total


@contextmanager
def _held(file: Path) -> Iterator[int | None]:
    """A lock for as long as the block lasts; None where another has it."""
    descriptor = try_lock(file)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
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


async def _to_its_end(deed: Callable[..., None], *arguments: object) -> None:
    """Do something in a thread; also where this task is cancelled, nobody goes on before it has ended."""
    doing = asyncio.ensure_future(asyncio.to_thread(deed, *arguments))
    try:
        await asyncio.shield(doing)
    finally:
        while not doing.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait((doing,))


def _touch(descriptor: int) -> None:
    with suppress(OSError):  # a full disk or one that is read-only keeps no job from running
        os.utime(descriptor)


def _set_modes(folder: Path) -> None:
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for file in (Path(parent) / name for name in files):
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)


def _write_through(folder: Path) -> None:
    """Bring a folder's content to the disk: a rename may otherwise outlive a power cut that it does not."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), str(folder))
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
