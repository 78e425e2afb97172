"""Installs the packages of a lock, once for all scripts and workers of this machine that share it."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from contextlib import suppress
from pathlib import Path

from headrace.runtimes.base import DependenciesFailed, Folders, LogSink
from headrace.runtimes.python.builds import Builder
from headrace.runtimes.python.interpreter import PythonInterpreter
from headrace.runtimes.python.lock import PythonLock, read_lock
from headrace.runtimes.python.shelf import Shelf
from headrace.runtimes.python.uv import UvResult, UvTool
from headrace.sandbox.cage import Cage

_CANCELED = "it was canceled"


class PythonEnvironments:
    """The environments below the shared folder, each named after its lock and the Python it is for.

    An environment is a folder for ``sys.path``: readable for everybody, written by nobody once it is
    there, its bytecode compiled. Files are copies: a hardlink would let a job write into uv's cache.
    """

    def __init__(self, folders: Folders, uv: UvTool) -> None:
        self._folders = folders
        self._shelf = Shelf(folders.shared / "environments")
        self._uv = uv
        self._installations: dict[str, _Installation] = {}

    async def ensure(
        self,
        lock: str,
        interpreter: PythonInterpreter,
        cage: Cage,
        log: LogSink,
        canceled: asyncio.Event,
    ) -> Path | None:
        """The environment of a lock, installed if need be; None where the lock names no package.

        Callers who want the same one at once share one installation; it goes on until the last of them is
        canceled. What has to be built is built in the cage of one of them; if that one is canceled, in that
        of another. Raises DependenciesFailed with the reason, or when canceled.
        """
        name = _address(lock, interpreter)
        if found := self._shelf.find(name):
            return found
        parsed = read_lock(lock)
        if not parsed.packages:
            return None
        if parsed.python_version not in (None, interpreter.version):
            raise DependenciesFailed(
                f"the lock is for Python {parsed.python_version}, and the job runs on {interpreter.version}:"
                " deploy the script again"
            )
        if canceled.is_set():
            raise DependenciesFailed(_CANCELED)
        try:
            return await self._installation(name, parsed, interpreter).wait(log, canceled)
        except _WheelMissing:
            builder = Builder(self._uv, self._folders, interpreter, cage)
            return await self._build(name, parsed, builder, log, canceled)

    async def _build(
        self, name: str, lock: PythonLock, builder: Builder, log: LogSink, canceled: asyncio.Event
    ) -> Path:
        async def fill(folder: Path, _lock: int) -> bool:
            await log.write("There is not a wheel for each of them: building …\n".encode())
            result = await builder.install(_lines(lock), _options(lock), folder, canceled, log)
            return _settle(result, folder)

        try:
            folder = await self._shelf.add(name, fill, canceled)
        except OSError as error:
            raise DependenciesFailed(f"the packages can't be built on this worker: {error}") from error
        if folder is None:
            raise DependenciesFailed(_CANCELED)
        return folder

    def _installation(self, name: str, lock: PythonLock, interpreter: PythonInterpreter) -> _Installation:
        known = self._installations.get(name)
        if known is None or known.is_over:
            known = self._installations[name] = _Installation(
                self._shelf, self._uv.using(interpreter), name, lock
            )
            known.task.add_done_callback(lambda task: self._forget(name, task))
        return known

    def _forget(self, name: str, task: asyncio.Task[Path | None]) -> None:
        if not task.cancelled():
            task.exception()  # those who waited have it; if they are all gone it is of no interest
        # A successor of one that was given up may stand there already.
        if (known := self._installations.get(name)) and known.is_over:
            del self._installations[name]


class _WheelMissing(Exception):
    """A package of the lock has no wheel, so that it has to be built."""


def _address(lock: str, interpreter: PythonInterpreter) -> str:
    known_by = (lock, interpreter.version, interpreter.abi)
    return hashlib.sha256("\0".join(known_by).encode("utf-8", "surrogatepass")).hexdigest()


class _Installation:
    """One installation under way, and those who wait for it. As a LogSink it writes to all their logs."""

    def __init__(self, shelf: Shelf, uv: UvTool, name: str, lock: PythonLock) -> None:
        self._shelf = shelf
        self._uv = uv
        self._name = name
        self._lock = lock
        self._logs: dict[int, LogSink] = {}
        self._given_up = asyncio.Event()
        self.task = asyncio.create_task(self._install())

    @property
    def is_over(self) -> bool:
        """Whether it is of no use to somebody who comes now."""
        return self.task.done() or self._given_up.is_set()

    async def wait(self, log: LogSink, canceled: asyncio.Event) -> Path:
        """Wait for it or for a cancel; when the last of those who wait goes, nothing of it is left."""
        waiting = asyncio.create_task(canceled.wait())
        self._logs[id(waiting)] = log
        try:
            count = len(self._lock.packages)
            doing = "Installing" if len(self._logs) == 1 else "Waiting for another job to install"
            await log.write(f"{doing} {count} package{'s' * (count != 1)} …\n".encode())
            await asyncio.wait((self.task, waiting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            del self._logs[id(waiting)]
            if not self._logs:
                self._given_up.set()
                await asyncio.wait((self.task,))
        if self.task.done() and (folder := self.task.result()):
            return folder
        raise DependenciesFailed(_CANCELED)

    async def write(self, data: bytes) -> None:
        for log in tuple(self._logs.values()):
            await log.write(data)

    async def _install(self) -> Path | None:
        try:
            return await self._shelf.add(self._name, self._fill, self._given_up)
        except OSError as error:
            raise DependenciesFailed(f"the packages can't be kept on this worker: {error}") from error
        except DependenciesFailed:
            if self._given_up.is_set():  # nobody is left who would hear it
                return None
            raise

    async def _fill(self, folder: Path, lock: int) -> bool:
        if not self._lock.is_hashed:
            await self.write(b"The lock has no hashes: what is downloaded can't be checked against it.\n")
        result = await self._call_uv(folder, lock, is_offline=True)
        if result is not None and not result.is_success:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            result = await self._call_uv(folder, lock, is_offline=False)
        if result is not None and result.needs_build:
            raise _WheelMissing
        return _settle(result, folder)

    async def _call_uv(self, folder: Path, lock: int, *, is_offline: bool) -> UvResult | None:
        """Install what is in the cache; or download what is missing, and show how that goes."""
        arguments = [
            "install",
            "--target",
            str(folder),
            *_options(self._lock),
            *(("--offline",) if is_offline else ()),
            "-r",
            "-",
        ]
        log = _FromInstalledOn(self) if is_offline else self
        return await self._uv.run(arguments, _lines(self._lock), self._given_up, log=log, held=(lock,))


def _options(lock: PythonLock) -> list[str]:
    hashes = ["--require-hashes"] if lock.is_hashed else []
    return ["--no-deps", "--link-mode", "copy", "--compile-bytecode", *hashes]


def _lines(lock: PythonLock) -> str:
    return "".join(f"{line}\n" for line in lock.packages)


def _settle(result: UvResult | None, folder: Path) -> bool:
    """Whether the folder is filled; False when canceled."""
    if result is None:
        return False
    if not result.is_success:
        raise DependenciesFailed(result.reason())
    with suppress(FileNotFoundError):
        (folder / ".lock").unlink()  # uv's own
    return True


class _FromInstalledOn:
    """A LogSink that hands on what comes after all packages were found, for then nothing can be missing."""

    def __init__(self, log: LogSink) -> None:
        self._log = log
        self._is_installed = False

    async def write(self, data: bytes) -> None:
        self._is_installed = self._is_installed or data.startswith(b"Installed ")
        if self._is_installed:
            await self._log.write(data)
