"""A job leaves the queue for history, once. Called by ``lifecycle/finish.py`` and by nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.model.job import FinishedJob, JobKind
from headrace.queue.exchange import exchange
from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from uuid import UUID

    from headrace.db.connection import Connection, Record
    from headrace.model.ids import JobId
    from headrace.model.outcome import Outcome
    from headrace.queue.exchange import Author, Completion


async def complete_attempts(
    connection: Connection, worker_session: int, author: Author, completions: list[Completion]
) -> list[FinishedJob]:
    """End attempts of one worker session within a transaction; returns those that were still its own.

    Waits for others who are just changing them.
    """
    await SQL.lock_attempts.run(connection, ids=[completion.lease.job for completion in completions])
    return (await exchange(connection, worker_session, completions, author)).ended


async def complete_unclaimed(
    connection: Connection, job: JobId | UUID, outcome: Outcome
) -> FinishedJob | None:
    """End a job that no worker is about to end; its queue row is locked by the caller.

    It is never run again: either somebody canceled it, or it may have done all of its work.
    """
    row = await SQL.complete_unclaimed.row(
        connection,
        id=job,
        status=outcome.status.value,
        result=outcome.result,
        canceled_by=outcome.canceled_by,
        canceled_reason=outcome.canceled_reason,
    )
    return _finished(row) if row else None


def _finished(row: Record) -> FinishedJob:
    return FinishedJob(
        id=row["id"],
        workspace=row["workspace_id"],
        kind=JobKind(row["kind"]),
        path=row["path"],
        script_hash=row["script_hash"],
        parent_job=row["parent_job"],
        root_job=row["root_job"],
    )
