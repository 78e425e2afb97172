"""A failed job is run again, by a new job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId
    from headrace.model.job import FinishedJob


@dataclass(frozen=True, slots=True)
class Retried:
    """The job that runs another one again."""

    job: JobId
    tag: str
    is_later: bool


async def enqueue_retry(connection: Connection, failed: FinishedJob, delay_seconds: float) -> Retried:
    """Enqueue the job that runs a failed one again, in the transaction that has ended that one."""
    row = await SQL.enqueue_retry.row(
        connection,
        failed=failed.id,
        delay_seconds=delay_seconds,
        restart_if_lost=failed.restart_if_lost,
        retry=failed.retry,
        cache_seconds=failed.cache_seconds,
        cache_key=failed.cache_key,
    )
    if row is None:
        raise AssertionError("a job that has ended in this transaction is in history")
    return Retried(row["id"], row["tag"], row["held"] is not None)
