"""Resident processes: at most one in each cage, and nothing else runs in the cage while it is there."""

from __future__ import annotations

import asyncio
import itertools
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.clock import monotonic
from headrace.runtimes.job_folder import remove_what_is_left
from headrace.sandbox.cage import Isolation
from headrace.sandbox.resident import Resident

if TYPE_CHECKING:
    from headrace.runtimes.base import Attempt, Code
    from headrace.runtimes.python.fork_servers import ForkServers, Wanted
    from headrace.runtimes.python.shelf import Loan
    from headrace.sandbox.cage import Cage
    from headrace.sandbox.run import Ended, Sinks
    from headrace.sandbox.slot_server import Work

IDLE_SECONDS = 600.0
"""One that ran nothing for so long is ended."""


@dataclass(slots=True)
class Kept:
    """A resident process, and whom it is for. ``environ`` is what each of its jobs gets besides its own."""

    process: Resident
    name: str
    code: Code
    environ: dict[str, str]
    holds: AsyncExitStack
    """What is given back when it has ended."""
    used_at: float

    def is_for(self, attempt: Attempt) -> bool:
        """Whether it may run an attempt."""
        return not self.process.is_spent and self.name == attempt.resident and self.code == attempt.code

    async def call(self, attempt: Attempt, sinks: Sinks) -> Ended:
        """Run an attempt; raises SlotLost."""
        head = {"environ": attempt.environ | self.environ, "preprocess": attempt.preprocess}
        try:
            return await self.process.call(
                json.dumps(head).encode(), attempt.arguments, sinks, attempt.stop, attempt.timeout_seconds
            )
        finally:
            self.used_at = monotonic()

    async def close(self) -> None:
        """End it, and wait until nothing of it is left."""
        try:
            await self.process.close()
        finally:
            await self.holds.aclose()


class Residents:
    """Those of one worker."""

    def __init__(self, servers: ForkServers) -> None:
        self._servers = servers
        self._kept: dict[Cage, Kept] = {}
        self._ending: dict[Cage, asyncio.Task[None]] = {}
        self._numbers = itertools.count(1)
        self._looking: asyncio.TimerHandle | None = None

    def new_name(self) -> str:
        """A name for the folder of one, not used before by this worker."""
        return f"resident-{next(self._numbers)}"

    async def find(self, attempt: Attempt) -> Kept | None:
        """The one in the attempt's cage that may run it; any other one that is there is ended first."""
        kept = self._kept.get(attempt.cage)
        if kept is not None and kept.is_for(attempt):
            return kept
        await self.leave(attempt.cage)
        return None

    async def start(
        self, attempt: Attempt, wanted: Wanted, loan: Loan | None, work: Work, environ: dict[str, str]
    ) -> Kept:
        """Start one for an attempt, in its cage; raises ForkServerFailed or SlotLost.

        Its folder is gone with it, also where the slot server has died that should have removed it.
        """
        if attempt.resident is None:
            raise AssertionError("this attempt wants a process of its own")
        async with AsyncExitStack() as stack:
            if loan is not None:
                stack.enter_context(loan.again())
            if attempt.cage.isolation is not Isolation.SANDBOX:  # there it is in memory
                stack.push_async_callback(remove_what_is_left, Path(work.folder))
            slot = await stack.enter_async_context(self._servers.slot(wanted, loan, attempt.cage))
            process = Resident(slot, work, attempt.cage)
            kept = Kept(process, attempt.resident, attempt.code, environ, stack.pop_all(), monotonic())
        self._kept[attempt.cage] = kept
        if self._looking is None:
            self._look_later(IDLE_SECONDS)
        return kept

    async def leave(self, cage: Cage) -> None:
        """Have nothing resident in a cage: returns when it has ended."""
        if cage in self._kept:
            self._end(cage)
        if (ending := self._ending.get(cage)) is not None:
            await asyncio.shield(ending)

    async def close(self) -> None:
        """End all of them."""
        if self._looking is not None:
            self._looking.cancel()
        await asyncio.gather(*[self.leave(cage) for cage in {*self._kept, *self._ending}])

    def _end(self, cage: Cage) -> None:
        ending = asyncio.create_task(self._kept.pop(cage).close())
        self._ending[cage] = ending
        ending.add_done_callback(lambda _: self._ending.pop(cage, None))

    def _look_later(self, seconds: float) -> None:
        self._looking = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        """End those that have had nothing to do for long."""
        self._looking = None
        for cage, kept in list(self._kept.items()):
            if not kept.process.is_busy and monotonic() - kept.used_at >= IDLE_SECONDS:
                self._end(cage)
        if self._kept:
            self._look_later(IDLE_SECONDS / 10)
