"""What is new of a job since somebody looked: its state, its log, its stream, its progress."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from headrace.lifecycle.find_run import find_progress
from headrace.model.job import LogChunk, State
from headrace.model.log_text import utf16_head, utf16_length, utf16_tail
from headrace.store import runs

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId
    from headrace.model.principal import Principal

MOST_UNITS = 500_000
"""Most of a log or stream that one answer carries, in UTF-16 units."""
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
    """What somebody knows of a job. Offsets count UTF-16 units received, of ``attempt`` where it is known."""

    is_running: bool = False
    log_offset: int = 0
    stream_offset: int = 0
    no_logs: bool = False
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """What is new, and where it ends. ``is_partial`` says that there is more of the log or stream by now."""

    attempt: int
    is_running: bool
    is_finished: bool
    new_logs: str
    log_offset: int
    new_stream: str
    stream_offset: int
    peak_memory_kb: int | None
    percent: int | None
    is_partial: bool

    def is_news_to(self, seen: Seen) -> bool:
        """Whether this is worth an answer before its time."""
        has_text = bool(self.new_logs or self.new_stream)
        return self.is_finished or has_text or self.is_running != seen.is_running


async def read_update(
    connection: Connection, read_log: ReadChunks, principal: Principal, job: JobId, seen: Seen
) -> Update:
    """What is new. Raises NotFound where there is no job that the principal may see.

    Log and stream begin at 0 again where a new attempt has begun. A stream ends with its job: its result
    has it then.
    """
    progress = await find_progress(connection, principal, job)
    is_running = progress.status is State.RUNNING
    seen = await _in_attempt(connection, read_log, job, progress.attempt, seen)
    logs, log_offset = "", seen.log_offset
    if not seen.no_logs:
        logs, log_offset = await _new_text(read_log, connection, job, progress.attempt, seen.log_offset)
    stream, stream_offset = "", seen.stream_offset
    if is_running:
        stream, stream_offset = await _new_text(
            runs.read_stream, connection, job, progress.attempt, seen.stream_offset
        )
    return Update(
        attempt=progress.attempt,
        is_running=is_running,
        is_finished=progress.is_finished,
        new_logs=logs,
        log_offset=log_offset,
        new_stream=stream,
        stream_offset=stream_offset,
        peak_memory_kb=progress.peak_memory_kb,
        percent=progress.percent,
        # One less where a character did not fit.
        is_partial=max(utf16_length(logs), utf16_length(stream)) >= MOST_UNITS - 1,
    )


async def text_from(read: ReadChunks, connection: Connection, job: JobId, attempt: int, offset: int) -> str:
    """The text from an offset on, at most MOST_UNITS of it."""
    text = ""
    while utf16_length(text) < MOST_UNITS:
        position = offset + utf16_length(text)
        chunks = await read(connection, job, attempt, position, most_chunks=64)
        new = "".join(chunk.text for chunk in chunks)
        if chunks and chunks[0].start < position:
            new = utf16_tail(new, position - chunks[0].start)
        new = utf16_head(new, MOST_UNITS - utf16_length(text))
        if not new:
            break
        text += new
    return text


async def length_of(read: ReadChunks, connection: Connection, job: JobId, attempt: int) -> int:
    """How long an attempt's text is, in UTF-16 units."""
    # From the furthest position on, that is the last chunk.
    chunks = await read(connection, job, attempt, _FURTHEST, most_chunks=1)
    return sum(chunk.start + utf16_length(chunk.text) for chunk in chunks)


async def _new_text(
    read: ReadChunks, connection: Connection, job: JobId, attempt: int, offset: int
) -> tuple[str, int]:
    """What is new since an offset, and the offset after it."""
    text = await text_from(read, connection, job, attempt, offset)
    return text, offset + utf16_length(text)


async def _in_attempt(
    connection: Connection, read_log: ReadChunks, job: JobId, attempt: int, seen: Seen
) -> Seen:
    """What somebody has seen of this attempt: nothing where they have seen another one."""
    if seen.attempt is not None:
        return seen if seen.attempt == attempt else replace(seen, log_offset=0, stream_offset=0)
    if attempt == 1:
        return seen
    # Whoever does not say which attempt they have seen, but more than there is, has seen an earlier one.
    log = await length_of(read_log, connection, job, attempt) if seen.log_offset else 0
    stream = await length_of(runs.read_stream, connection, job, attempt) if seen.stream_offset else 0
    return replace(
        seen,
        log_offset=seen.log_offset if seen.log_offset <= log else 0,
        stream_offset=seen.stream_offset if seen.stream_offset <= stream else 0,
    )
