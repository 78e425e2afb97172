"""The worker's end of a resident process: gives it one job after the other, and tells their output apart.

``runner/resident.py`` is the other end. What a job has printed by its answer is its own; what comes between
two jobs is of nobody, and dropped. A process that dies, is stopped, or says anything after its answer runs no
other.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import suppress
from functools import partial
from signal import SIGKILL
from typing import TYPE_CHECKING

from headrace.clock import monotonic, now
from headrace.sandbox.frames import LAST, Frame, FrameReader
from headrace.sandbox.memory import watch_memory
from headrace.sandbox.output import Output
from headrace.sandbox.run import Ended, EndedBy, Sinks, end

if TYPE_CHECKING:
    from collections.abc import Callable

    from headrace.sandbox.cage import Cage, Stop
    from headrace.sandbox.child import Exit
    from headrace.sandbox.slot_server import SlotServer, Work

_LENGTHS = struct.Struct(">QQ")
_PIECE = 64 * 1024
_MOST_WAITING = 16
"""Pieces of output that are read ahead of whoever takes them."""


class Resident:
    """One process; one job at a time."""

    def __init__(self, slot: SlotServer, work: Work, cage: Cage) -> None:
        """Start it; raises SlotLost or OSError. ``work`` is without arguments."""
        here, there = socket.socketpair()
        here.setblocking(False)  # noqa: FBT003 - it takes no keyword
        self._requests = here
        try:
            self._child = slot.start(work, there.detach())
        except BaseException:
            here.close()
            raise
        self._beginning = work.written
        """What it has to be told before its first job."""
        self._cage = cage
        self._news = asyncio.Event()
        self._call: _Call | None = None
        self._waiting = self._child.wait()
        self._waiting.add_done_callback(self._has_ended)
        self._watching = asyncio.create_task(watch_memory(self._child, self._note_memory))
        self._output = _Inlet(self._child.output, self._hear_output)
        self._answer = _Inlet(self._child.answer, self._hear_answer)
        self._is_spent = False

    @property
    def is_spent(self) -> bool:
        """Whether it takes no other job."""
        return self._is_spent or self._waiting.done()

    @property
    def is_busy(self) -> bool:
        """Whether it runs a job."""
        return self._call is not None

    async def call(
        self, head: bytes, arguments: bytes, sinks: Sinks, stop: Stop, timeout_seconds: float
    ) -> Ended:
        """Run one job; raises SlotLost. ``head`` is JSON (see ``runner/resident.py``)."""
        began = monotonic()
        call = self._call = _Call(self._cage, sinks)
        timer = asyncio.get_running_loop().call_later(timeout_seconds, self._end, EndedBy.TIMEOUT, stop)
        try:
            stop.listen(partial(self._end, EndedBy.STOP, stop))
            await self._send(_LENGTHS.pack(len(head), len(arguments)) + head + arguments)
            await self._until_over(call)
            exit_ = None
            if call.is_last or not call.is_answered:
                await asyncio.wait((self._waiting,))
                exit_ = self._waiting.result()
            await call.output.end()
        except BaseException:
            self._is_spent = True
            self._kill()
            raise
        finally:
            timer.cancel()
            stop.listen(None)
            self._call = None
        return self._ended(call, exit_, round((monotonic() - began) * 1000))

    async def close(self) -> None:
        """Have it end, and wait until nothing of it is left; one that takes its time is killed."""
        self._is_spent = True
        self._requests.close()
        await asyncio.wait((self._waiting,), timeout=self._cage.grace_seconds)
        self._kill()
        await asyncio.wait((self._waiting,))
        self._watching.cancel()
        self._output.close()
        self._answer.close()
        self._child.close()

    async def _send(self, request: bytes) -> None:
        data, self._beginning = self._beginning + request, b""
        try:
            sent = self._requests.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # it is dead, as will be noticed
        if sent < len(data):
            sending = asyncio.create_task(self._send_rest(memoryview(data)[sent:]))
            await asyncio.wait((sending, self._waiting), return_when=asyncio.FIRST_COMPLETED)
            sending.cancel()

    async def _send_rest(self, data: memoryview) -> None:
        with suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(self._requests, data)

    async def _until_over(self, call: _Call) -> None:
        """Until the job is answered for, or the process is over, and what was said by then is handed on."""
        while True:
            self._news.clear()
            is_over = self._waiting.done()
            await self._hand_on(call, is_complete=is_over or call.is_answered)
            if is_over or call.is_settled:
                return
            if call.reader.is_refused:
                self._kill()
            await self._news.wait()

    async def _hand_on(self, call: _Call, *, is_complete: bool) -> None:
        """Hand on what was read; where all is said, what is still in the pipes, too."""
        while True:
            if is_complete:
                self._output.read()
                self._answer.read()
            if not call.printed and not call.told:
                return
            printed, call.printed = call.printed, []
            told, call.told = call.told, []
            self._output.resume()
            self._answer.resume()
            for data in printed:
                await call.output.take(data)
            for frame in told:
                await call.take_note(frame)

    def _has_ended(self, waiting: asyncio.Future[Exit]) -> None:
        if not waiting.cancelled():
            waiting.exception()  # whoever waits for it is told; there may be nobody
        self._news.set()

    def _hear_output(self, data: bytes) -> None:
        call = self._call
        if call is not None:
            call.printed.append(data)
            if len(call.printed) >= _MOST_WAITING:
                self._output.pause()
            self._news.set()

    def _hear_answer(self, data: bytes) -> None:
        call = self._call
        if call is None:
            self._is_spent = True  # nobody has asked it anything
            self._kill()
            return
        call.hear(data)
        if call.told:
            self._answer.pause()
        self._news.set()

    def _end(self, cause: EndedBy, stop: Stop) -> None:
        call = self._call
        if call is None or call.is_settled:
            return
        self._is_spent = True
        if call.ending is None:
            call.ended_by = cause
            call.ending = asyncio.create_task(end(self._child, self._waiting, stop, self._cage.grace_seconds))
        elif stop.at_once:
            self._kill()

    def _kill(self) -> None:
        if not self._waiting.done():
            self._child.signal(SIGKILL)

    def _ended(self, call: _Call, exit_: Exit | None, duration_ms: int) -> Ended:
        reader = call.reader
        self._is_spent |= exit_ is not None or reader.has_more
        if exit_ is None and self._is_spent:
            self._kill()
        gone_at = now() if exit_ is not None and exit_.is_gone else None
        return Ended(
            call.ended_by or EndedBy.ITSELF,
            exit_.code if exit_ else None,
            duration_ms,
            (reader.frame and reader.frame.peak_memory_kb) or (exit_.peak_memory_kb if exit_ else 0),
            reader.frame,
            reader.is_broken,
            reader.too_large,
            gone_at,
            gone_at if exit_ is not None and exit_.is_folder_gone else None,
            is_kept=exit_ is None,
            shortage=exit_.shortage if exit_ is not None else None,
        )

    async def _note_memory(self, peak_memory_kb: int) -> None:
        if self._call is not None:
            await self._call.note_memory(peak_memory_kb)


class _Call:
    """One job in the process: what has come of it, and is not handed on yet."""

    def __init__(self, cage: Cage, sinks: Sinks) -> None:
        self.reader = FrameReader(cage.limits.result_bytes)
        self.output = Output(sinks.write, cage.limits.log_bytes)
        self.note_memory = sinks.note_memory
        self.printed: list[bytes] = []
        self.told: list[Frame] = []
        self.is_last = False
        self.ended_by: EndedBy | None = None
        self.ending: asyncio.Task[None] | None = None
        self._take_note = sinks.take_note

    @property
    def is_answered(self) -> bool:
        return self.reader.frame is not None

    @property
    def is_settled(self) -> bool:
        """Whether it is answered for, and the process stays."""
        return self.is_answered and not self.is_last and self.ended_by is None

    def hear(self, data: bytes) -> None:
        notes = self.reader.feed(data)
        self.is_last = self.is_last or any(note.kind == LAST for note in notes)
        self.told += [note for note in notes if note.kind != LAST]

    async def take_note(self, frame: Frame) -> None:
        await self._take_note(frame)


class _Inlet:
    """Reads a pipe as it fills, and can be paused."""

    def __init__(self, descriptor: int, hear: Callable[[bytes], None]) -> None:
        self._descriptor = descriptor
        self._hear = hear
        self._is_paused = True
        self._is_over = False
        self.resume()

    def read(self) -> None:
        """Read all that is there, unless it is paused meanwhile."""
        while not self._is_over:
            try:
                data = os.read(self._descriptor, _PIECE)
            except BlockingIOError:
                return
            if not data:
                self.close()
                return
            self._hear(data)
            if self._is_paused:
                return

    def pause(self) -> None:
        if not self._is_paused:
            self._is_paused = True
            asyncio.get_running_loop().remove_reader(self._descriptor)

    def resume(self) -> None:
        if self._is_paused and not self._is_over:
            self._is_paused = False
            asyncio.get_running_loop().add_reader(self._descriptor, self._read_some)

    def close(self) -> None:
        self.pause()
        self._is_over = True

    def _read_some(self) -> None:
        """One piece for each turn of the loop, so that nobody else has to wait."""
        try:
            data = os.read(self._descriptor, _PIECE)
        except BlockingIOError:
            return
        if data:
            self._hear(data)
        else:
            self.close()
