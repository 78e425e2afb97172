"""What is noted of a job while it runs: the arguments that its preprocessor made, how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId
    from headrace.model.job import Lease


async def store_arguments(connection: Connection, lease: Lease, args: bytes) -> bool:
    """Replace the event of a job by the arguments made of it, once; False where it is no longer held."""
    return await SQL.store_arguments.value(
        connection, job_id=lease.job, attempt=lease.attempt, worker_session=lease.worker_session, args=args
    )


async def set_progress(connection: Connection, job: JobId, percent: float) -> int | None:
    """Note how far a job is and return it: 0 to 99, never less than before. None where it does not run."""
    whole = int(min(max(percent, 0), 99))
    return await SQL.set_progress.value(connection, id=job, percent=whole)
