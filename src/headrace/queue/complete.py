"""A job leaves the queue for history, once. Called by ``lifecycle/finish.py`` and by nobody else."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headrace.model.blob import write_blob
from headrace.model.job import FinishedJob, JobKind, Lease, LogChunk
from headrace.model.outcome import Teardown
from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from uuid import UUID

    from headrace.db.connection import Connection, Record
    from headrace.model.blob import Blob
    from headrace.model.ids import JobId
    from headrace.model.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Completion:
    """The end of one attempt, with the output that was not stored before, and the labels of its result.

    Where ``result_blob`` is there the result lies in the blob store already, and the row only refers to it.
    """

    lease: Lease
    outcome: Outcome
    log: list[LogChunk] = field(default_factory=list[LogChunk])
    teardown: Teardown = field(default_factory=Teardown)
    labels: tuple[str, ...] = ()
    result_blob: Blob | None = None


async def complete_attempts(
    connection: Connection, worker_session: int, worker: str, isolation: str, completions: list[Completion]
) -> list[FinishedJob]:
    """End attempts of one worker session, in one statement; returns those that were still its own.

    One that isn't there has been taken away (or was completed by an earlier call whose answer got
    lost): nothing of it is written.
    """
    outcomes = [completion.outcome for completion in completions]
    labels = [(c.lease.job, label) for c in completions for label in c.labels]
    logs = [(c.lease.job, chunk.start, chunk.text) for c in completions for chunk in c.log]
    rows = await SQL.complete_attempts.rows(
        connection,
        worker_session=worker_session,
        worker=worker,
        isolation=isolation,
        ids=[c.lease.job for c in completions],
        attempts=[c.lease.attempt for c in completions],
        statuses=[o.status.value for o in outcomes],
        results=[b"" if c.result_blob else c.outcome.result for c in completions],
        result_blobs=[write_blob(c.result_blob) if c.result_blob else None for c in completions],
        durations_ms=[o.measures.duration_ms or 0 for o in outcomes],
        exit_codes=[o.measures.exit_code for o in outcomes],
        peaks_kb=[o.measures.peak_memory_kb for o in outcomes],
        canceled_by=[o.canceled_by for o in outcomes],
        canceled_reasons=[o.canceled_reason for o in outcomes],
        processes_gone=[c.teardown.processes_gone_at for c in completions],
        folders_gone=[c.teardown.folder_gone_at for c in completions],
        label_ids=[job for job, _ in labels],
        labels=[label for _, label in labels],
        log_ids=[job for job, _, _ in logs],
        log_starts=[start for _, start, _ in logs],
        log_chunks=[text for _, _, text in logs],
    )
    return [
        dataclasses.replace(
            _finished(row),
            retry=row["retry"],
            retry_number=row["retry_number"],
            restart_if_lost=row["restart_if_lost"],
            cache_seconds=row["cache_seconds"],
            cache_key=row["cache_key"],
        )
        for row in rows
    ]


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
