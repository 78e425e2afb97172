"""Reads what a job tells its worker over its own pipe; ``runner/channel.py`` writes it."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

RESULT = b"R"
ERROR = b"E"
STREAMED = b"S"
"""A piece of the result that comes while the job runs: text in UTF-8."""
ARGUMENTS = b"A"
"""The arguments that a preprocessor made for ``main``: a JSON object."""
LAST = b"L"
"""That a resident process ends after the answer which follows."""

_ANSWERS = (RESULT, ERROR)
_NOTES = (STREAMED, ARGUMENTS, LAST)
_HEADER = struct.Struct(">cQQ")


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: a kind, a text in UTF-8, and the most memory the job's process had by then.

    Answers hold JSON. Notes, which come before the answer, tell nothing of memory.
    """

    kind: bytes
    payload: bytes
    peak_memory_kb: int


TakeNote = Callable[[Frame], Awaitable[None]]
"""Takes what a job tells before its answer, in order; waits when it can't be kept fast enough."""


async def take_no_notes(_frame: Frame) -> None:
    """For jobs of which nothing but the answer counts."""


class FrameReader:
    """Puts frames together; what comes after the answer is ignored: a job has one result."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._buffer = bytearray()
        self._is_odd = False
        self.frame: Frame | None = None
        """The answer, once it is whole."""
        self.too_large: int | None = None
        """The announced size of a frame where it is beyond the limit."""

    def feed(self, data: bytes) -> list[Frame]:
        """Take what was read; returns the notes that are whole by it."""
        notes: list[Frame] = []
        if self.is_refused:
            return notes
        self._buffer += data
        if self.frame is not None:
            del self._buffer[1:]  # that there is more is all that counts
            return notes
        while (frame := self._next()) is not None:
            if frame.kind in _ANSWERS:
                self.frame = frame
                break
            notes.append(frame)
        return notes

    @property
    def is_refused(self) -> bool:
        """Whether what has come can't become an answer any more."""
        return self._is_odd or self.too_large is not None

    @property
    def has_more(self) -> bool:
        """Whether something came after the answer."""
        return self.frame is not None and bool(self._buffer)

    @property
    def is_broken(self) -> bool:
        """Whether a frame was begun and is not whole."""
        return self.frame is None and (self._is_odd or self.too_large is not None or bool(self._buffer))

    def _next(self) -> Frame | None:
        if len(self._buffer) < _HEADER.size:
            return None
        kind, length, peak_memory_kb = _HEADER.unpack_from(self._buffer)
        if kind not in _ANSWERS + _NOTES:
            self._is_odd = True
        elif length > self._most:
            self.too_large = length
        elif len(self._buffer) >= (end := _HEADER.size + length):
            payload = bytes(memoryview(self._buffer)[_HEADER.size : end])
            del self._buffer[:end]
            return Frame(kind, payload, peak_memory_kb)
        return None
