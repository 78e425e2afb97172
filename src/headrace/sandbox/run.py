"""Follows one process to its end and beyond: its output, its answer, its stop, and nothing left of it."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from headrace.clock import monotonic, now
from headrace.sandbox.descriptors import read_some
from headrace.sandbox.frames import Frame, FrameReader, TakeNote
from headrace.sandbox.memory import NoteMemory, watch_memory
from headrace.sandbox.output import Output, Write

if TYPE_CHECKING:
    from headrace.sandbox.cage import Cage, Stop
    from headrace.sandbox.cgroup import Shortage
    from headrace.sandbox.child import Child, Exit

_SHORT_SECONDS = 0.01
"""Jobs that are over by then are short."""
_PATIENCE_SECONDS = 5.0
"""How long pipes are read after nobody should hold them any more."""


async def _forget(_: object) -> None:
    """For those of whom nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where all goes that is heard of a child: what it prints, how much memory it has had, what it tells.

    ``note_memory`` is told the most memory so far, in kB; ``take_note`` the frames before its answer.
    """

    write: Write = _forget
    note_memory: NoteMemory = _forget
    take_note: TakeNote = _forget


class EndedBy(StrEnum):
    """Why a process is over."""

    ITSELF = "itself"
    STOP = "stop"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Ended:
    """One process that is over.

    ``peak_memory_kb`` is that of its first process. ``frame`` is its answer if it gave one; ``is_broken``
    says that one was begun and not finished, and ``too_large`` the size in bytes of one that was refused.
    ``gone_at`` is when none of the job's processes was left, None where that could not be reached;
    ``folder_gone_at`` the same of a folder that was made by whoever started it. ``is_kept`` says that it is
    the job that is over, and its process stays for others: then there is no ``exit_code``.
    """

    ended_by: EndedBy
    exit_code: int | None
    duration_ms: int
    peak_memory_kb: int
    frame: Frame | None
    is_broken: bool
    too_large: int | None
    gone_at: datetime | None
    folder_gone_at: datetime | None
    is_kept: bool = False
    shortage: Shortage | None = None


async def follow(child: Child, cage: Cage, sinks: Sinks, stop: Stop, timeout_seconds: float | None) -> Ended:
    """Follow a child that was just started until nothing of it is left, and close it."""
    began = monotonic()
    pumps = _Pumps(child, cage, sinks)
    waiting = child.wait()
    ended_by = EndedBy.ITSELF
    try:
        if not await _is_short(waiting, timeout_seconds):
            pumps.begin()
            ended_by = await _until_end(waiting, stop, timeout_seconds and began + timeout_seconds)
        if ended_by is not EndedBy.ITSELF:
            await end(child, waiting, stop, cage.grace_seconds)
        await asyncio.wait((waiting,))
        exit_ = waiting.result()
        duration_ms = round((monotonic() - began) * 1000)
        is_gone = await child.end_survivors()
        gone_at = now() if is_gone else None
        await pumps.finish(is_gone=is_gone)
    finally:
        await _clean_up(child, waiting, pumps)
    frame = pumps.reader.frame
    peak_memory_kb = (frame and frame.peak_memory_kb) or exit_.peak_memory_kb
    return Ended(
        ended_by,
        exit_.code,
        duration_ms,
        peak_memory_kb,
        frame,
        pumps.reader.is_broken,
        pumps.reader.too_large,
        gone_at,
        gone_at if exit_.is_folder_gone else None,
        shortage=exit_.shortage,
    )


class _Pumps:
    """Read what a child prints and tells, and look at its memory.

    Most jobs are over before that is worth a task: what they said is read from the pipes at once, then.
    """

    def __init__(self, child: Child, cage: Cage, sinks: Sinks) -> None:
        self.reader = FrameReader(cage.limits.result_bytes)
        self._child, self._sinks = child, sinks
        self._output = Output(sinks.write, cage.limits.log_bytes)
        self._reading: list[asyncio.Task[None]] = []
        self._watching: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """While it runs."""
        self._reading = [asyncio.create_task(self._take_output()), asyncio.create_task(self._take_answer())]
        self._watching = asyncio.create_task(watch_memory(self._child, self._sinks.note_memory))

    async def finish(self, *, is_gone: bool) -> None:
        """Read the rest; of one that is not gone, what comes within a while."""
        if not self._reading and is_gone:
            await self._take_output()
            await self._take_answer()
            return
        if not self._reading:
            self.begin()
        read, _ = await asyncio.wait(self._reading, timeout=None if is_gone else _PATIENCE_SECONDS)
        for reading in read:
            reading.result()

    async def close(self) -> None:
        """Read no more."""
        tasks = [*self._reading, *([self._watching] if self._watching else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_output(self) -> None:
        while data := await read_some(self._child.output):
            await self._output.take(data)
        await self._output.end()

    async def _take_answer(self) -> None:
        while data := await read_some(self._child.answer):
            for frame in self.reader.feed(data):
                await self._sinks.take_note(frame)


async def _is_short(waiting: asyncio.Future[Exit], timeout_seconds: float | None) -> bool:
    """Wait for a moment; says whether it has ended in it."""
    seconds = _SHORT_SECONDS if timeout_seconds is None else min(_SHORT_SECONDS, timeout_seconds)
    await asyncio.wait((waiting,), timeout=seconds)
    return waiting.done()


async def _until_end(waiting: asyncio.Future[Exit], stop: Stop, deadline: float | None) -> EndedBy:
    stopping = asyncio.create_task(stop.wait())
    seconds = None if deadline is None else max(0.0, deadline - monotonic())
    try:
        done, _ = await asyncio.wait(
            (waiting, stopping), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        stopping.cancel()
    if waiting in done:
        return EndedBy.ITSELF
    return EndedBy.STOP if done else EndedBy.TIMEOUT


async def end(child: Child, waiting: asyncio.Future[Exit], stop: Stop, grace_seconds: float) -> None:
    """SIGTERM, then SIGKILL to whatever has not ended within its grace."""
    if not stop.at_once:
        child.signal(signal.SIGTERM)
        # One that is stopped hears SIGTERM only when it goes on.
        child.signal(signal.SIGCONT)
        await asyncio.wait((waiting,), timeout=grace_seconds)
    if not waiting.done():
        child.signal(signal.SIGKILL)


async def _clean_up(child: Child, waiting: asyncio.Future[Exit], pumps: _Pumps) -> None:
    """Leave nothing behind, also when this is cancelled in the middle."""
    if not waiting.done():
        child.signal(signal.SIGKILL)
        await asyncio.wait((waiting,))
    await pumps.close()
    child.close()
