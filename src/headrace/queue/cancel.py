"""What cancelling needs of the queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.model.job import State
from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId


@dataclass(frozen=True, slots=True)
class LiveJob:
    """A live job's queue row, locked."""

    state: State
    attempt: int
    worker_session: int | None
    canceled_by: str | None


async def lock_live(connection: Connection, job: JobId) -> LiveJob | None:
    """Lock a live job's row until the caller's transaction ends; None where there is none to see."""
    row = await SQL.lock_live_job.row(connection, id=job)
    if row is None:
        return None
    return LiveJob(State(row["state"]), row["attempt"], row["worker_session"], row["canceled_by"])


async def request(connection: Connection, job: JobId, by: str, reason: str | None) -> None:
    """Note on a running job that it is to be stopped; its worker does it."""
    await SQL.request_cancel.run(connection, id=job, canceled_by=by, reason=reason)
