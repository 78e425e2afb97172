"""What is new of a job since somebody looked: its state, its log, its stream, its progress."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from headrace.model.job import LogChunk, State
from headrace.model.log_text import utf16_length, utf16_tail
from headrace.store import runs

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId

MOST_UNITS = 500_000
"""Most of a log or stream that one answer carries, in UTF-16 units, but for a chunk more."""
_FURTHEST = 2**62


class ReadChunks(Protocol):
    """Reads chunks of a job's text, from the one that contains ``from_start`` on."""

    def __call__(
        self, connection: Connection, job: JobId, attempt: int, from_start: int = 0, most_chunks: int = 1000
    ) -> Awaitable[list[LogChunk]]:
        """The chunks, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody knows of a job. Offsets count UTF-16 units received."""

    is_running: bool
    log_offset: int
    stream_offset: int
    no_logs: bool


@dataclass(frozen=True, slots=True)
class Update:
    """What is new, and where it ends."""

    is_running: bool
    is_finished: bool
    new_logs: str
    log_offset: int
    new_stream: str
    stream_offset: int
    peak_memory_kb: int | None
    percent: int | None

    def is_news_to(self, seen: Seen) -> bool:
        """Whether this is worth an answer before its time."""
        has_text = bool(self.new_logs or self.new_stream)
        return self.is_finished or has_text or self.is_running != seen.is_running


async def read_update(
    connection: Connection, read_log: ReadChunks, workspace: str, job: JobId, seen: Seen
) -> Update | None:
    """What is new; None where there is no job that the caller may see.

    Log and stream begin at 0 again where a new attempt has begun. A stream ends with its job: its result
    has it then.
    """
    progress = await runs.read_progress(connection, workspace, job)
    if progress is None:
        return None
    logs, log_offset = "", seen.log_offset
    if not seen.no_logs:
        logs, log_offset = await _new_text(read_log, connection, job, progress.attempt, seen.log_offset)
    stream, stream_offset = "", seen.stream_offset
    if progress.status is State.RUNNING:
        stream, stream_offset = await _new_text(
            runs.read_stream, connection, job, progress.attempt, seen.stream_offset
        )
    return Update(
        is_running=progress.status is State.RUNNING,
        is_finished=progress.is_finished,
        new_logs=logs,
        log_offset=log_offset,
        new_stream=stream,
        stream_offset=stream_offset,
        peak_memory_kb=progress.peak_memory_kb,
        percent=progress.percent,
    )


async def text_from(read: ReadChunks, connection: Connection, job: JobId, attempt: int, offset: int) -> str:
    """The text from an offset on, at most MOST_UNITS of it or a chunk more."""
    text = ""
    while utf16_length(text) < MOST_UNITS:
        position = offset + utf16_length(text)
        chunks = await read(connection, job, attempt, position, most_chunks=64)
        new = "".join(chunk.text for chunk in chunks)
        if chunks and chunks[0].start < position:
            new = utf16_tail(new, position - chunks[0].start)
        if not new:
            break
        text += new
    return text


async def _new_text(
    read: ReadChunks, connection: Connection, job: JobId, attempt: int, offset: int
) -> tuple[str, int]:
    """What is new since an offset, and the offset after it."""
    if attempt > 1 and offset > await _length(read, connection, job, attempt):
        offset = 0
    text = await text_from(read, connection, job, attempt, offset)
    return text, offset + utf16_length(text)


async def _length(read: ReadChunks, connection: Connection, job: JobId, attempt: int) -> int:
    # From the furthest position on, that is the last chunk.
    chunks = await read(connection, job, attempt, _FURTHEST, most_chunks=1)
    return sum(chunk.start + utf16_length(chunk.text) for chunk in chunks)
