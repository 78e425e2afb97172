"""A worker and the queue: ends of attempts go, jobs come, in one statement.

A job leaves the queue for history, once. A job that comes goes to exactly one worker, with a new attempt
number and a token of its own. Ends are written through ``lifecycle/finish.py`` and by nobody else.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headrace.model.blob import write_blob
from headrace.model.job import ClaimedJob, FinishedJob, JobKind, Lease, LogChunk, job_token
from headrace.model.outcome import Teardown
from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headrace.db.connection import Connection, Record
    from headrace.model.blob import Blob
    from headrace.model.outcome import Outcome

_SEED_BYTES = 32


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


@dataclass(frozen=True, slots=True)
class Author:
    """Who ends attempts: the worker's name and its isolation, as history has them."""

    worker: str
    isolation: str


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The jobs that ended, and those that came, best first."""

    ended: list[FinishedJob]
    claimed: list[ClaimedJob]


async def exchange(
    connection: Connection,
    worker_session: int,
    completions: list[Completion],
    author: Author,
    *,
    tags: Sequence[str] = (),
    slots: int = 0,
) -> Exchanged:
    """End attempts of one worker session and take at most ``slots`` due jobs of these tags, best first.

    An attempt whose job is not among ``ended`` has been taken away, or was completed by an earlier call whose
    answer got lost, or somebody is just changing its row, for nobody is waited for: nothing of it is written.
    Where the answer gets lost the jobs that came are this session's all the same: it finds them by
    ``read_my_jobs``, knows nothing of them, and gives them back.
    """
    seed = secrets.token_bytes(_SEED_BYTES)
    rows = await SQL.complete_and_claim.rows(
        connection,
        worker_session=worker_session,
        worker=author.worker,
        isolation=author.isolation,
        tags=tags,
        slots=slots,
        seed=seed,
        **_columns(completions),
    )
    return Exchanged(
        [_finished(row) for row in rows if row["attempt"] is None],
        [_claimed(row, worker_session, seed) for row in rows if row["attempt"] is not None],
    )


def _columns(completions: list[Completion]) -> dict[str, list[object]]:
    outcomes = [completion.outcome for completion in completions]
    labels = [(c.lease.job, label) for c in completions for label in c.labels]
    logs = [(c.lease.job, chunk) for c in completions for chunk in c.log]
    return {
        "ids": [c.lease.job for c in completions],
        "attempts": [c.lease.attempt for c in completions],
        "statuses": [o.status.value for o in outcomes],
        "results": [b"" if c.result_blob else c.outcome.result for c in completions],
        "result_blobs": [write_blob(c.result_blob) if c.result_blob else None for c in completions],
        "durations_ms": [o.measures.duration_ms or 0 for o in outcomes],
        "exit_codes": [o.measures.exit_code for o in outcomes],
        "peaks_kb": [o.measures.peak_memory_kb for o in outcomes],
        "canceled_by": [o.canceled_by for o in outcomes],
        "canceled_reasons": [o.canceled_reason for o in outcomes],
        "processes_gone": [c.teardown.processes_gone_at for c in completions],
        "folders_gone": [c.teardown.folder_gone_at for c in completions],
        "mounts_gone": [c.teardown.mounts_gone_at for c in completions],
        "processes_kept": [c.teardown.process_kept for c in completions],
        "label_ids": [job for job, _ in labels],
        "labels": [label for _, label in labels],
        "log_ids": [job for job, _ in logs],
        "log_starts": [chunk.start for _, chunk in logs],
        "log_chunks": [chunk.text for _, chunk in logs],
    }


def _finished(row: Record) -> FinishedJob:
    return FinishedJob(
        id=row["id"],
        workspace=row["workspace_id"],
        kind=JobKind(row["kind"]),
        path=row["path"],
        script_hash=row["script_hash"],
        parent_job=row["parent_job"],
        root_job=row["root_job"],
        retry=row["retry"],
        retry_number=row["retry_number"],
        restart_if_lost=row["restart_if_lost"],
        cache_seconds=row["cache_seconds"],
        cache_key=row["cache_key"],
    )


def _claimed(row: Record, worker_session: int, seed: bytes) -> ClaimedJob:
    secret = hashlib.sha256(seed + row["id"].bytes).digest()
    return ClaimedJob(
        lease=Lease(row["id"], row["attempt"], worker_session),
        token=job_token(row["id"], row["attempt"], secret),
        workspace=row["workspace_id"],
        kind=JobKind(row["kind"]),
        path=row["path"],
        script_hash=row["script_hash"],
        language=row["language"],
        raw_code=row["raw_code"],
        raw_lock=row["raw_lock"],
        args=row["args"],
        parent_job=row["parent_job"],
        root_job=row["root_job"],
        created_by=row["created_by"],
        permissioned_as=row["permissioned_as"],
        email=row["email"],
        scheduled_for=row["scheduled_for"],
        tag=row["tag"],
        timeout_seconds=row["timeout_seconds"],
        losses=row["losses"],
        flow_step_id=row["flow_step_id"],
        schedule_path=row["schedule_path"],
        entry=row["entry"],
        preprocessed=row["preprocessed"],
        has_retry=row["retry"] is not None,
        is_cached=row["cache_key"] is not None,
    )
