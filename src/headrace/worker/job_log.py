"""A job's output on its way to the database, in batches by time and size."""

from __future__ import annotations

import asyncio
import codecs
import logging
from collections.abc import Awaitable, Callable

from headrace.model.job import LogChunk
from headrace.model.log_text import utf16_length

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.2
CHUNK_CHARACTERS = 64 * 1024
MOST_BUFFERED_CHARACTERS = 1024 * 1024

Store = Callable[[list[LogChunk]], Awaitable[bool]]
"""Stores chunks; False says that the attempt no longer holds its job."""


class JobLog:
    """Takes raw output, gives out chunks of text. Invalid UTF-8 and NUL become U+FFFD.

    What comes before the first flush, and after the last, is left for ``remainder``: a job shorter
    than that costs no write of its own.
    """

    def __init__(self, store: Store, on_stale: Callable[[], None]) -> None:
        self._store = store
        self._on_stale = on_stale
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._buffer: list[str] = []
        self._buffered = 0
        self._next_start = 0
        self._in_flight: list[LogChunk] = []
        self._unstored: list[LogChunk] = []
        self._timer: asyncio.TimerHandle | None = None
        self._flusher: asyncio.Task[None] | None = None
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._closed = False

    async def write(self, data: bytes) -> None:
        """Take output; waits while too much of it is not stored yet."""
        text = self._decoder.decode(data)
        if text:
            self._add(text)
        await self._has_room.wait()

    async def say(self, line: str) -> None:
        """Add a line of the platform's own."""
        await self.write(line.encode() + b"\n")

    async def close(self) -> list[LogChunk]:
        """End a flush under way and return what is not stored, as far as is known."""
        self._closed = True
        self._has_room.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._flusher is not None:
            self._flusher.cancel()
            await asyncio.gather(self._flusher, return_exceptions=True)
        if tail := self._decoder.decode(b"", final=True):
            self._buffer.append(tail)
        return self._unstored + self._in_flight + self._take()

    def _add(self, text: str) -> None:
        self._buffer.append(text.replace("\x00", "�"))
        self._buffered += len(text)
        if self._buffered >= MOST_BUFFERED_CHARACTERS and not self._closed:
            self._has_room.clear()
        if self._timer is None and self._flusher is None:
            # No task yet: most jobs are over before.
            seconds = FLUSH_SECONDS if self._buffered < CHUNK_CHARACTERS else 0
            self._timer = asyncio.get_running_loop().call_later(seconds, self._begin_to_flush)

    def _begin_to_flush(self) -> None:
        self._timer = None
        self._flusher = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        while self._buffer:
            # Until the answer is here it is unknown whether these are stored; to store the very same
            # chunks again changes nothing.
            self._in_flight = self._take()
            try:
                if not await self._store(self._in_flight):
                    self._on_stale()
            except Exception:
                log.exception("output could not be stored; it is tried again with the end of its job")
                self._unstored += self._in_flight
            self._in_flight = []
            self._has_room.set()
            if self._buffered < CHUNK_CHARACTERS:
                await asyncio.sleep(FLUSH_SECONDS)
        self._flusher = None

    def _take(self) -> list[LogChunk]:
        text = "".join(self._buffer)
        self._buffer.clear()
        self._buffered = 0
        chunks: list[LogChunk] = []
        for begin in range(0, len(text), CHUNK_CHARACTERS):
            piece = text[begin : begin + CHUNK_CHARACTERS]
            chunks.append(LogChunk(self._next_start, piece))
            self._next_start += utf16_length(piece)
        return chunks
