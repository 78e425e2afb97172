"""Installs the packages of a lock, once for all scripts and workers of this machine that share it."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from headrace import failpoint
from headrace.clock import monotonic
from headrace.runtimes.base import DependenciesFailed, Folders, LogSink
from headrace.runtimes.python.builds import Builder
from headrace.runtimes.python.bytecode import compile_bytecode
from headrace.runtimes.python.console_scripts import move_scripts
from headrace.runtimes.python.environment_cache import UNBOUNDED, Bounds, EnvironmentCache
from headrace.runtimes.python.interpreter import PythonInterpreter
from headrace.runtimes.python.lock import PythonLock, read_lock
from headrace.runtimes.python.progress import TELLING, Progress
from headrace.runtimes.python.shelf import Loan, Shelf
from headrace.runtimes.python.uv import UvResult, UvTool
from headrace.sandbox.cage import Cage

_CANCELED = "it was canceled"
_FULL = "No space left on device"

MakeRoom = Callable[[], Awaitable[int]]
"""Removes what nobody uses, where the disk is full; says how many environments went."""


class PythonEnvironments:
    """The environments below the shared folder, each named after its lock and the Python it is for.

    An environment is a folder for ``sys.path``: readable for everybody, written by nobody once it is
    there, its bytecode compiled. Files are copies: a hardlink would let a job write into uv's cache.
    What nobody uses is removed when all of them take more room than ``bounds`` say.
    """

    def __init__(self, folders: Folders, uv: UvTool, bounds: Bounds = UNBOUNDED) -> None:
        folder = folders.shared / "environments"
        self._folders = folders
        self._shelf = Shelf(folder)
        self._cache = EnvironmentCache(self._shelf, folder, uv, bounds)
        self._is_untidy = False
        self._tidying: asyncio.Task[None] | None = None
        self._uv = uv
        self._installations: dict[str, _Installation] = {}

    async def ensure(
        self,
        lock: str,
        interpreter: PythonInterpreter,
        cage: Cage,
        log: LogSink,
        canceled: asyncio.Event,
    ) -> Loan | None:
        """The environment of a lock, installed if need be; None where the lock names no package.

        It is not removed before the loan is closed. Callers who want the same one at once share one
        installation; it goes on until the last of them is canceled. What has to be built is built in the
        cage of one of them; if that one is canceled, in that of another. Raises DependenciesFailed with the
        reason, or when canceled.
        """
        name = _address(lock, interpreter)
        if loan := self._borrow(name):
            return loan
        parsed = read_lock(lock)
        if not parsed.packages:
            return None
        if parsed.python_version not in (None, interpreter.version):
            raise DependenciesFailed(
                f"the lock is for Python {parsed.python_version}, and the job runs on {interpreter.version}:"
                " deploy the script again"
            )
        began = monotonic()
        while not canceled.is_set():
            try:
                await self._installation(name, parsed, interpreter).wait(log, canceled)
            except _WheelMissing:
                builder = Builder(self._uv, self._folders, interpreter, cage)
                await self._build(name, parsed, builder, log, canceled)
            self.tidy_up_soon()
            await log.write(f"Ready after {monotonic() - began:.1f} s\n".encode())
            if loan := self._borrow(name):  # else it was removed meanwhile
                return loan
        raise DependenciesFailed(_CANCELED)

    def tidy_up_soon(self) -> None:
        """Remove what dead processes left, and what is beyond the bounds, beside all else that goes on."""
        self._is_untidy = True
        if self._tidying is None or self._tidying.done():
            self._tidying = asyncio.create_task(self._tidy_up())

    async def until_tidy(self) -> None:
        """Wait until nothing is being tidied up."""
        if self._tidying is not None:
            await asyncio.wait((self._tidying,))

    async def _tidy_up(self) -> None:
        while self._is_untidy:  # what came while it looked may have been overlooked
            self._is_untidy = False
            await asyncio.to_thread(self._cache.tidy_up)

    def _borrow(self, name: str) -> Loan | None:
        try:
            return self._shelf.borrow(name)
        except OSError as error:
            raise DependenciesFailed(f"the packages can't be used on this worker: {error}") from error

    async def _build(
        self,
        name: str,
        lock: PythonLock,
        builder: Builder,
        log: LogSink,
        canceled: asyncio.Event,
    ) -> None:
        async def fill(folder: Path, held: int) -> bool:
            await log.write("There is not a wheel for each of them: building …\n".encode())
            result = await builder.install(_lines(lock), _options(lock), folder, canceled, log)
            return await _settle(result, folder, builder.interpreter, canceled, held)

        try:
            folder = await self._shelf.add(name, fill, canceled)
        except OSError as error:
            raise DependenciesFailed(f"the packages can't be built on this worker: {error}") from error
        if folder is None:
            raise DependenciesFailed(_CANCELED)

    def _installation(self, name: str, lock: PythonLock, interpreter: PythonInterpreter) -> _Installation:
        known = self._installations.get(name)
        if known is None or known.is_over:
            known = self._installations[name] = _Installation(
                self._shelf, self._uv, name, lock, interpreter, make_room=self._make_room
            )
            known.task.add_done_callback(lambda task: self._forget(name, task))
        return known

    async def _make_room(self) -> int:
        return await asyncio.to_thread(self._cache.make_room)

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

    def __init__(
        self,
        shelf: Shelf,
        uv: UvTool,
        name: str,
        lock: PythonLock,
        interpreter: PythonInterpreter,
        *,
        make_room: MakeRoom,
    ) -> None:
        self._shelf = shelf
        self._uv = uv.using(interpreter)
        self._make_room = make_room
        self._name = name
        self._lock = lock
        self._interpreter = interpreter
        self._logs: dict[int, LogSink] = {}
        self._given_up = asyncio.Event()
        self.task = asyncio.create_task(self._install())

    @property
    def is_over(self) -> bool:
        """Whether it is of no use to somebody who comes now."""
        return self.task.done() or self._given_up.is_set()

    async def wait(self, log: LogSink, canceled: asyncio.Event) -> None:
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
        if not self.task.done() or not self.task.result():
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
        result = await self._install_packages(folder, lock)
        if result is not None and _FULL in "".join(result.messages) and await self._make_room():
            await self.write(
                b"The disk is full: packages that no job uses were removed, and it is tried again\n"
            )
            result = await self._install_packages(folder, lock)
        if result is not None and result.needs_build:
            raise _WheelMissing
        return await _settle(result, folder, self._interpreter, self._given_up, lock)

    async def _install_packages(self, folder: Path, lock: int) -> UvResult | None:
        await failpoint.reach("install_before_offline")
        await asyncio.to_thread(_clear, folder)
        result = await self._call_uv(folder, lock, is_offline=True)
        if result is not None and not result.is_success:
            await failpoint.reach("install_after_offline")
            await asyncio.to_thread(_clear, folder)
            await failpoint.reach("install_before_online")
            result = await self._call_uv(folder, lock, is_offline=False)
            await failpoint.reach("install_after_online")
        return result

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
        packages = _lines(self._lock)
        if is_offline:
            log = _FromInstalledOn(self)
            return await self._uv.run(arguments, packages, self._given_up, log=log, held=(lock,))
        uv = dataclasses.replace(self._uv, environ=self._uv.environ | TELLING)
        progress = Progress(self, Path(uv.environ["UV_CACHE_DIR"]), len(self._lock.packages))
        async with progress.told():
            return await uv.run(arguments, packages, self._given_up, log=progress, held=(lock,))


def _options(lock: PythonLock) -> list[str]:
    hashes = ["--require-hashes"] if lock.is_hashed else []
    return ["--no-deps", "--link-mode", "copy", *hashes]


def _lines(lock: PythonLock) -> str:
    return "".join(f"{line}\n" for line in lock.packages)


async def _settle(
    result: UvResult | None,
    folder: Path,
    interpreter: PythonInterpreter,
    canceled: asyncio.Event,
    held: int,
) -> bool:
    """Make what uv installed ready to be used; False when canceled."""
    if result is None:
        return False
    if not result.is_success:
        raise DependenciesFailed(result.reason())
    with suppress(FileNotFoundError):
        (folder / ".lock").unlink()  # uv's own
    await asyncio.to_thread(move_scripts, folder, interpreter)
    await failpoint.reach("install_before_bytecode")
    is_compiled = await compile_bytecode(interpreter, folder, canceled, held=(held,))
    await failpoint.reach("install_after_bytecode")
    return is_compiled


def _clear(folder: Path) -> None:
    """Remove what a call of uv that failed has left: another would take that for installed packages."""
    if folder.exists():
        shutil.rmtree(folder)


class _FromInstalledOn:
    """A LogSink that hands on what comes after all packages were found, for then nothing can be missing."""

    def __init__(self, log: LogSink) -> None:
        self._log = log
        self._is_installed = False

    async def write(self, data: bytes) -> None:
        self._is_installed = self._is_installed or data.startswith(b"Installed ")
        if self._is_installed:
            await self._log.write(data)
