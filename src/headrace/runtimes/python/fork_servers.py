"""The fork servers of a worker: one for each interpreter, environment and set of packages in use."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.clock import monotonic
from headrace.runtimes.python.preload import ASYNC, COMMON
from headrace.runtimes.runner_files import BOOTSTRAP_SERVER
from headrace.sandbox.cage import Isolation
from headrace.sandbox.family_memory import family_memory
from headrace.sandbox.fork_server import ForkServer, ForkServerFailed, Load
from headrace.sandbox.slot_server import SlotLost

if TYPE_CHECKING:
    from headrace.runtimes.python.interpreter import PythonInterpreter
    from headrace.runtimes.python.shelf import Loan
    from headrace.sandbox.cage import Cage
    from headrace.sandbox.cgroups import Cgroups
    from headrace.sandbox.slot_server import SlotServer
    from headrace.sandbox.slots import Slots

log = logging.getLogger(__name__)

IDLE_SECONDS = 600.0
"""A server that nothing ran in for so long is ended."""
_LOOK_SECONDS, _SOON_SECONDS = 60.0, 1.0
_MEGABYTE = 1024**2
_TRUSTED_FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
"""Variables that are passed on to jobs and name files that they have to see."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a job is to be forked from: ``preload`` are packages, ``is_async`` asks for asyncio and ssl."""

    interpreter: PythonInterpreter
    environment: Path | None = None
    preload: tuple[str, ...] = ()
    is_async: bool = False

    @property
    def key(self) -> tuple[Path, Path | None, tuple[str, ...], bool]:
        """The same for jobs that may share a server."""
        return self.interpreter.path, self.environment, self.preload, self.is_async


@dataclass(slots=True)
class _Loaded:
    server: ForkServer
    loan: Loan | None
    slots: dict[Cage, SlotServer] = field(default_factory=dict["Cage", "SlotServer"])
    users: int = 0
    used_at: float = field(default_factory=monotonic)

    async def close(self, cgroups: Cgroups) -> None:
        for slot in self.slots.values():
            slot.close()
        await self.server.close()
        for slot in self.slots.values():
            cgroups.give_up(slot.cgroup)
        if self.loan:
            self.loan.close()


class ForkServers:
    """Starts servers when they are wanted, and ends those that nobody has wanted for long.

    When all of them take more than ``most_bytes``, those that were used longest ago go, but for the last one.
    """

    def __init__(self, runner: Path, slots: Slots, writable: tuple[str, ...], most_bytes: int) -> None:
        self._runner = runner
        self._slots = slots
        self._writable = writable
        self._most_bytes = most_bytes
        self._loaded: dict[object, _Loaded] = {}
        self._starting: dict[object, asyncio.Task[_Loaded]] = {}
        self._unfit: set[str] = set()
        self._doing: set[asyncio.Task[None]] = set()
        self._looking: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def slot(self, wanted: Wanted, loan: Loan | None, cage: Cage) -> AsyncIterator[SlotServer]:
        """A slot server for as long as the block lasts, for the jobs of one cage.

        ``loan`` is that of the environment; the server takes one of its own. Raises ForkServerFailed.
        """
        loaded, slot = await self._take(wanted, loan, cage)
        try:
            yield slot
        except SlotLost:
            self._drop(loaded)
            raise
        finally:
            self._give_back(loaded)

    def can_preload(self) -> bool:
        """Whether packages may be imported by a server: not by one that is root of the machine."""
        return self._slots.isolation is Isolation.SANDBOX or self._slots.any_uid is None

    async def close(self) -> None:
        """End all of them."""
        if self._looking:
            self._looking.cancel()
        for starting in self._starting.values():
            starting.cancel()
        await asyncio.gather(*self._starting.values(), return_exceptions=True)
        for loaded in list(self._loaded.values()):
            self._drop(loaded)
        while self._doing:
            await asyncio.gather(*self._doing)

    async def _take(self, wanted: Wanted, loan: Loan | None, cage: Cage) -> tuple[_Loaded, SlotServer]:
        """A slot; from a new server where the one that was there can't open it."""
        for is_last in (False, True):
            loaded = await self._get(wanted, loan)
            try:
                return loaded, await self._open(loaded, cage)
            except BaseException as error:
                self._give_back(loaded)
                if not isinstance(error, (ForkServerFailed, SlotLost)):
                    raise
                self._drop(loaded)
                if is_last:
                    raise ForkServerFailed(f"no slot could be opened: {error}") from error
                log.warning("a fork server has died, another one is started: %s", error)
        raise AssertionError

    @staticmethod
    def _give_back(loaded: _Loaded) -> None:
        loaded.users -= 1
        loaded.used_at = monotonic()

    async def _get(self, wanted: Wanted, loan: Loan | None) -> _Loaded:
        loaded = self._loaded.get(wanted.key)
        if loaded is None or loaded.server.is_over:
            if loaded is not None:
                self._drop(loaded)
            loaded = await self._start_shared(wanted, loan)
        loaded.users += 1
        return loaded

    async def _start_shared(self, wanted: Wanted, loan: Loan | None) -> _Loaded:
        """Those who want the same server at once wait for one start; it goes on when one of them gives up."""
        starting = self._starting.get(wanted.key)
        if starting is None:
            starting = asyncio.create_task(self._start(wanted, loan and loan.again()))
            self._starting[wanted.key] = starting
            starting.add_done_callback(lambda _: self._starting.pop(wanted.key, None))
        return await asyncio.shield(starting)

    async def _start(self, wanted: Wanted, loan: Loan | None) -> _Loaded:
        preload = tuple(name for name in wanted.preload if name not in self._unfit)
        while True:
            try:
                server = await ForkServer.start(self._load(wanted, preload), self._slots.mapped_uids)
                break
            except ForkServerFailed as error:
                if error.unfit is None:
                    if loan:
                        loan.close()
                    raise
                log.info("%s is imported by each job: it can't be shared", error.unfit)
                self._unfit.add(error.unfit)
                preload = tuple(name for name in preload if name != error.unfit)
        self._loaded[wanted.key] = loaded = _Loaded(server, loan)
        self._look_later(_SOON_SECONDS)
        return loaded

    def _load(self, wanted: Wanted, preload: tuple[str, ...]) -> Load:
        interpreter, environment = wanted.interpreter, wanted.environment
        python = str(interpreter.path)
        own = [str(environment)] if environment else []
        libraries = [path for path in interpreter.environ.get("LD_LIBRARY_PATH", "").split(":") if path]
        trusted = [os.environ[name] for name in _TRUSTED_FILES if name in os.environ]
        return Load(
            command=(python, "-I", "-S", "-B", "-X", "utf8", "-c", BOOTSTRAP_SERVER, str(self._runner)),
            environ={"LANG": "C.UTF-8", "PATH": os.defpath} | interpreter.environ,
            level=self._slots.isolation,
            standard=(*COMMON, *ASYNC) if wanted.is_async else COMMON,
            path=tuple(own),
            preload=preload,
            read_only=(str(self._runner), *own, *libraries, *trusted),
            writable=self._writable,
        )

    async def _open(self, loaded: _Loaded, cage: Cage) -> SlotServer:
        slot = loaded.slots.get(cage)
        if slot is not None and slot.is_lost:
            self._slots.cgroups.give_up(loaded.slots.pop(cage).cgroup)
            slot = None
        if slot is None:
            cgroup = self._slots.cgroups.make(cage)
            try:
                slot = loaded.slots[cage] = await loaded.server.open_slot(cage, cgroup)
            except BaseException:
                self._slots.cgroups.give_up(cgroup)
                raise
        return slot

    def _look_later(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._looking is not None:
            if self._looking.when() <= loop.time() + seconds:
                return
            self._looking.cancel()
        self._looking = loop.call_later(seconds, self._look)

    def _look(self) -> None:
        self._looking = None
        for loaded in list(self._loaded.values()):
            if not loaded.users and monotonic() - loaded.used_at > IDLE_SECONDS:
                self._drop(loaded)
        self._do(self._make_room())
        if self._loaded:
            self._look_later(_LOOK_SECONDS)

    async def _make_room(self) -> None:
        """End as many as have to go for the others to take no more than they may."""
        found = sorted(self._loaded.values(), key=_used_at)
        sizes = await asyncio.to_thread(lambda: [family_memory(loaded.server.pid) for loaded in found])
        too_much = sum(sizes) - self._most_bytes
        for loaded, size in list(zip(found, sizes, strict=True))[:-1]:
            if too_much > 0 and not loaded.users and loaded in self._loaded.values():
                log.info("a fork server that takes %d MB is ended to make room", size // _MEGABYTE)
                self._drop(loaded)
                too_much -= size

    def _drop(self, loaded: _Loaded) -> None:
        kept = {key: other for key, other in self._loaded.items() if other is not loaded}
        if len(kept) == len(self._loaded):
            return  # another of its jobs has noticed before that it is dead
        self._loaded = kept
        self._do(loaded.close(self._slots.cgroups))

    def _do(self, deed: Coroutine[None, None, None]) -> None:
        doing = asyncio.create_task(deed)
        self._doing.add(doing)
        doing.add_done_callback(self._doing.discard)


def _used_at(loaded: _Loaded) -> float:
    return loaded.used_at
