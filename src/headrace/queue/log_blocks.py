"""Long logs: their beginning is moved, block by block, from rows into the blob store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.model.blob import write_blob
from headrace.model.job import LogChunk

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.blob import Blob
    from headrace.model.ids import JobId

SQL = load_queries(__file__, "log_blocks.sql")

BLOCK_UNITS = 1024 * 1024
"""About so much of a log is one block, in characters; a log of no more stays in its rows."""
_MOST_CHUNKS = 20_000


@dataclass(frozen=True, slots=True)
class LargeLog:
    """The log of one attempt at a job that has ended."""

    job: JobId
    attempt: int
    workspace: str


async def find_large(connection: Connection, most: int = 10) -> list[LargeLog]:
    """Logs of which something may be moved."""
    rows = await SQL.find_large_logs.rows(connection, most=most)
    return [LargeLog(row["job_id"], row["attempt"], row["workspace_id"]) for row in rows]


async def read_start(connection: Connection, log: LargeLog) -> list[LogChunk]:
    """The chunks of its next block; none where too little is left to make one. The last chunk stays."""
    rows = await SQL.read_log_start.rows(
        connection, job_id=log.job, attempt=log.attempt, units=BLOCK_UNITS, most=_MOST_CHUNKS
    )
    chunks = [LogChunk(row["start"], row["chunk"]) for row in rows]
    is_full = sum(len(chunk.text) for chunk in chunks) >= BLOCK_UNITS or len(chunks) >= _MOST_CHUNKS - 1
    return chunks if is_full else []


async def move_start(
    connection: Connection, log: LargeLog, chunks: list[LogChunk], units: int, blob: Blob
) -> bool:
    """A block instead of its chunks; False where they are not all there any more: then roll back."""
    moved = await SQL.move_log_start.value(
        connection,
        job_id=log.job,
        attempt=log.attempt,
        first=chunks[0].start,
        last=chunks[-1].start,
        units=units,
        blob=write_blob(blob),
    )
    return moved == len(chunks)


async def forget(connection: Connection, log: LargeLog) -> None:
    """Nothing more of it can be moved."""
    await SQL.forget_large_log.run(connection, job_id=log.job, attempt=log.attempt)
