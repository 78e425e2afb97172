"""Output of attempts, and results that come piece by piece, stored while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.queue.log_blocks import BLOCK_UNITS
from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.job import Lease, LogChunk


async def append(connection: Connection, lease: Lease, chunks: list[LogChunk]) -> bool:
    """Store chunks; False where the attempt no longer holds its job (nothing is stored then).

    A log that has become long is noted: it is moved when its job has ended.
    """
    return await SQL.append_log.value(
        connection,
        is_large=chunks[-1].start >= BLOCK_UNITS if chunks else False,
        job_id=lease.job,
        attempt=lease.attempt,
        worker_session=lease.worker_session,
        starts=[chunk.start for chunk in chunks],
        chunks=[chunk.text for chunk in chunks],
    )


async def append_stream(connection: Connection, lease: Lease, chunks: list[LogChunk]) -> bool:
    """Store pieces of a result; False where the attempt no longer holds its job (nothing is stored then)."""
    return await SQL.append_stream.value(
        connection,
        job_id=lease.job,
        attempt=lease.attempt,
        worker_session=lease.worker_session,
        starts=[chunk.start for chunk in chunks],
        chunks=[chunk.text for chunk in chunks],
    )


async def note_peak_memory(connection: Connection, lease: Lease, peak_memory_kb: int) -> None:
    """Show how much memory a running attempt has used at most."""
    await SQL.note_peak_memory.run(
        connection,
        id=lease.job,
        attempt=lease.attempt,
        worker_session=lease.worker_session,
        peak_memory_kb=peak_memory_kb,
    )
