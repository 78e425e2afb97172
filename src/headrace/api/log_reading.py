"""Reads the log of one attempt piece by piece; between two pieces no connection is held."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.api.update import length_of, text_from
from headrace.model.log_text import utf16_head, utf16_length

if TYPE_CHECKING:
    from headrace.api.context import Caller
    from headrace.api.update import ReadChunks
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId

_RANGE = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?")


@dataclass(frozen=True, slots=True)
class Log:
    """The log of an attempt, as somebody may read it; empty where they may not."""

    caller: Caller
    job: JobId
    attempt: int

    async def pieces(self, offset: int = 0, length: int | None = None) -> AsyncIterator[str]:
        """The log from an offset on, at most so long, both in UTF-16 units."""
        while length is None or length > 0:
            async with self.caller.transaction() as connection:
                piece = await log_from(
                    self.caller.context.read_log, connection, self.job, self.attempt, offset
                )
            if not piece:
                return
            if length is not None:
                piece = utf16_head(piece, length)
                length -= max(1, utf16_length(piece))
            yield piece
            offset += utf16_length(piece)

    async def size(self) -> int:
        """How many bytes the log has in UTF-8 by now."""
        return sum([len(piece.encode()) async for piece in self.pieces()])

    async def bytes_between(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Its bytes from ``start`` to before ``stop``."""
        position = 0
        async for piece in self.pieces():
            data = piece.encode()
            if wanted := data[max(0, start - position) : max(0, stop - position)]:
                yield wanted
            position += len(data)
            if position >= stop:
                return


async def log_from(read: ReadChunks, connection: Connection, job: JobId, attempt: int, offset: int) -> str:
    """A piece of an attempt's log, from an offset on; empty at its end."""
    return await text_from(read, connection, job, attempt, offset)


async def log_tail(read: ReadChunks, connection: Connection, job: JobId, attempt: int, units: int) -> str:
    """The last ``units`` of an attempt's log."""
    length = await length_of(read, connection, job, attempt)
    return await log_from(read, connection, job, attempt, max(0, length - units))


def asks_for_range(header: str) -> bool:
    """Whether a ``Range`` header asks for one range of bytes; any other is as if it were not there."""
    found = _RANGE.fullmatch(header.strip())
    return found is not None and (found[1] is not None or found[2] is not None)


def read_range(header: str, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last of what has ``size`` bytes; None where there are none."""
    found = _RANGE.fullmatch(header.strip())
    if found is None:
        return None
    first, last = found[1], found[2]
    if first is None:
        start, stop = max(0, size - int(last or 0)), size
    else:
        start, stop = int(first), size if last is None else min(int(last) + 1, size)
    return (start, stop) if start < stop else None
