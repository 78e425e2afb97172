"""Runs one process to its end and beyond: its output, its answer, its stop, and nothing left of it."""

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
from headrace.sandbox.frames import Frame, FrameReader, TakeNote, take_no_notes
from headrace.sandbox.memory import NoteMemory, watch_memory
from headrace.sandbox.process import Child, Launch, start
from headrace.sandbox.survivors import Family, end_survivors

if TYPE_CHECKING:
    from headrace.sandbox.cage import Stop

Write = Callable[[bytes], Awaitable[None]]
"""Takes output in the order in which it was printed; waits when its reader is slower."""

_PATIENCE_SECONDS = 5.0
"""How long pipes are read after nobody should hold them any more."""


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
    ``gone_at`` is when none of the job's processes was left, None where that could not be reached.
    """

    ended_by: EndedBy
    exit_code: int
    duration_ms: int
    peak_memory_kb: int
    frame: Frame | None
    is_broken: bool
    too_large: int | None
    gone_at: datetime | None


async def run_process(
    launch: Launch,
    write: Write,
    note_memory: NoteMemory,
    stop: Stop,
    timeout_seconds: float | None,
    *,
    take_note: TakeNote = take_no_notes,
) -> Ended:
    """Start a process and wait until nothing of it is left; raises OSError where it can't be started."""
    began = monotonic()
    child = start(launch)
    reader = FrameReader(launch.cage.limits.result_bytes)
    pumps = [
        asyncio.create_task(_pump_output(child.output, write, launch.cage.limits.log_bytes)),
        asyncio.create_task(_pump_answer(child.answer, reader, take_note)),
    ]
    waiting = asyncio.create_task(child.wait())
    watching = asyncio.create_task(watch_memory(child.pid, note_memory))
    try:
        ended_by = await _until_end(waiting, stop, timeout_seconds)
        if ended_by is not EndedBy.ITSELF:
            await _end(child, waiting, stop, launch.cage.grace_seconds)
        exit_ = await waiting
        duration_ms = round((monotonic() - began) * 1000)
        is_gone = await end_survivors(_family(child, launch))
        gone_at = now() if is_gone else None
        pumped, _ = await asyncio.wait(pumps, timeout=None if is_gone else _PATIENCE_SECONDS)
        for pump in pumped:
            pump.result()
    finally:
        await _clean_up(child, waiting, [watching, *pumps])
    frame = reader.frame
    peak_memory_kb = (frame and frame.peak_memory_kb) or exit_.peak_memory_kb
    return Ended(
        ended_by, exit_.code, duration_ms, peak_memory_kb, frame, reader.is_broken, reader.too_large, gone_at
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


def _family(child: Child, launch: Launch) -> Family:
    mark = f"WM_JOB_ID={launch.environ.get('WM_JOB_ID', '')}".encode()
    return Family(child.pid, launch.cage.uid, mark)


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
