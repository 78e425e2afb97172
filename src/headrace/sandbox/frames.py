"""Reads what a job tells its worker over its own pipe; ``runner/channel.py`` writes it."""

from __future__ import annotations

import struct
from dataclasses import dataclass

RESULT = b"R"
ERROR = b"E"

_HEADER = struct.Struct(">cQQ")


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: a kind, a JSON text in UTF-8, and the most memory the job's process had by then."""

    kind: bytes
    payload: bytes
    peak_memory_kb: int


class FrameReader:
    """Puts one frame together; what comes after it is ignored: a job has one result."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._parts: list[bytes] = []
        self._received = 0
        self._length: int | None = None

    def feed(self, data: bytes) -> None:
        """Take what was read."""
        self._parts.append(data)
        self._received += len(data)
        if self._length is None and self._received >= _HEADER.size:
            self._parts = [b"".join(self._parts)]
            self._length = _HEADER.unpack_from(self._parts[0])[1]

    @property
    def too_large(self) -> int | None:
        """The announced size where it is beyond the limit."""
        return self._length if self._length is not None and self._length > self._most else None

    @property
    def is_broken(self) -> bool:
        """Whether a frame was begun and is not whole."""
        return self._received > 0 and self.frame is None

    @property
    def is_whole(self) -> bool:
        """Whether nothing more is needed."""
        return self._length is not None and self._received >= _HEADER.size + self._length

    @property
    def frame(self) -> Frame | None:
        """The frame, once it is whole."""
        if not self.is_whole or self._length is None:
            return None
        data = b"".join(self._parts)
        kind, length, peak_memory_kb = _HEADER.unpack_from(data)
        if kind not in (RESULT, ERROR):
            return None
        return Frame(kind, data[_HEADER.size : _HEADER.size + length], peak_memory_kb)
