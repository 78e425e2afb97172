"""Follows one process to its end and beyond: its output, its answer, its stop, and nothing left of it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from headrace.clock import monotonic, now
from headrace.sandbox.descriptors import read_some
from headrace.sandbox.frames import Frame, FrameReader, TakeNote
from headrace.sandbox.memory import NoteMemory, watch_memory

if TYPE_CHECKING:
    from headrace.sandbox.cage import Cage, Stop
    from headrace.sandbox.cgroup import Shortage
    from headrace.sandbox.child import Child

Write = Callable[[bytes], Awaitable[None]]
"""Takes output in the order in which it was printed; waits when its reader is slower."""

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
    ``folder_gone_at`` the same of a folder that was made by whoever started it.
    """

    ended_by: EndedBy
    exit_code: int
    duration_ms: int
    peak_memory_kb: int
    frame: Frame | None
    is_broken: bool
    too_large: int | None
    gone_at: datetime | None
    folder_gone_at: datetime | None
    shortage: Shortage | None = None


async def follow(child: Child, cage: Cage, sinks: Sinks, stop: Stop, timeout_seconds: float | None) -> Ended:
    """Follow a child that was just started until nothing of it is left, and close it."""
    began = monotonic()
    reader = FrameReader(cage.limits.result_bytes)
    pumps = [
        asyncio.create_task(_pump_output(child.output, sinks.write, cage.limits.log_bytes)),
        asyncio.create_task(_pump_answer(child.answer, reader, sinks.take_note)),
    ]
    waiting = asyncio.create_task(child.wait())
    watching = asyncio.create_task(watch_memory(child, sinks.note_memory))
    try:
        ended_by = await _until_end(waiting, stop, timeout_seconds)
        if ended_by is not EndedBy.ITSELF:
            await _end(child, waiting, stop, cage.grace_seconds)
        exit_ = await waiting
        duration_ms = round((monotonic() - began) * 1000)
        is_gone = await child.end_survivors()
        gone_at = now() if is_gone else None
        pumped, _ = await asyncio.wait(pumps, timeout=None if is_gone else _PATIENCE_SECONDS)
        for pump in pumped:
            pump.result()
    finally:
        await _clean_up(child, waiting, [watching, *pumps])
    frame = reader.frame
    peak_memory_kb = (frame and frame.peak_memory_kb) or exit_.peak_memory_kb
    return Ended(
        ended_by,
        exit_.code,
        duration_ms,
        peak_memory_kb,
        frame,
        reader.is_broken,
        reader.too_large,
        gone_at,
        gone_at if exit_.is_folder_gone else None,
        shortage=exit_.shortage,
    )


async def _until_end(waiting: asyncio.Task[object], stop: Stop, timeout_seconds: float | None) -> EndedBy:
    stopping = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait(
            (waiting, stopping), timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        stopping.cancel()
    if waiting in done:
        return EndedBy.ITSELF
    return EndedBy.STOP if done else EndedBy.TIMEOUT


async def _end(child: Child, waiting: asyncio.Task[object], stop: Stop, grace_seconds: float) -> None:
    """SIGTERM, then SIGKILL to whatever has not ended within its grace."""
    if not stop.at_once:
        child.signal(signal.SIGTERM)
        # One that is stopped hears SIGTERM only when it goes on.
        child.signal(signal.SIGCONT)
        await asyncio.wait((waiting,), timeout=grace_seconds)
    if not waiting.done():
        child.signal(signal.SIGKILL)


async def _pump_output(descriptor: int, write: Write, most_bytes: int) -> None:
    """Hand on output; what is beyond the limit is counted and dropped, so that the job is not held up."""
    received = 0
    while data := await read_some(descriptor):
        room = max(0, most_bytes - received)
        received += len(data)
        if room:
            await write(data[:room])
    if received > most_bytes:
        dropped = received - most_bytes
        await write(
            f"\n--- the log is cut here: {dropped} bytes more than log_limit_mb allows ---\n".encode()
        )


async def _pump_answer(descriptor: int, reader: FrameReader, take_note: TakeNote) -> None:
    while data := await read_some(descriptor):
        for frame in reader.feed(data):
            await take_note(frame)


async def _clean_up(child: Child, waiting: asyncio.Task[object], tasks: list[asyncio.Task[None]]) -> None:
    """Leave nothing behind, also when this is cancelled in the middle."""
    if not waiting.done():
        child.signal(signal.SIGKILL)
        with suppress(Exception):
            await waiting
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    child.close()
