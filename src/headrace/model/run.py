"""What can be seen of a job, live or finished."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headrace.model.blob import Blob
from headrace.model.ids import JobId, ScriptHash
from headrace.model.job import JobKind, State
from headrace.model.outcome import Status


@dataclass(frozen=True, slots=True)
class Run:
    """A job as its page shows it. Fields that only a finished or only a live job has are None.

    ``args`` and ``result`` are JSON in UTF-8. In lists the large fields (``args``, ``result``,
    ``raw_code``, ``raw_lock``) are left out: None. Of a large result there is ``result_blob`` instead.
    """

    id: JobId
    workspace: str
    kind: JobKind
    status: State | Status
    created_by: str
    created_at: datetime
    scheduled_for: datetime
    permissioned_as: str
    email: str
    tag: str
    priority: int
    attempt: int
    root_job: JobId
    visible_to_runner_only: bool
    is_flow_step: bool
    labels: tuple[str, ...]
    deleted: bool
    parent_job: JobId | None = None
    path: str | None = None
    script_hash: ScriptHash | None = None
    language: str | None = None
    raw_code: str | None = None
    raw_lock: str | None = None
    args: bytes | None = None
    result: bytes | None = None
    result_blob: Blob | None = None
    held: str | None = None
    flow_step_id: str | None = None
    trigger_kind: str | None = None
    schedule_path: str | None = None
    timeout_seconds: int | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    duration_ms: int | None = None
    exit_code: int | None = None
    peak_memory_kb: int | None = None
    worker: str | None = None
    worker_renewed_at: datetime | None = None
    isolation: str | None = None
    canceled_by: str | None = None
    canceled_reason: str | None = None
    teardown: dict[str, Any] | None = None
    entry: str | None = None
    preprocessed: bool | None = None

    @property
    def is_finished(self) -> bool:
        """Whether this is history."""
        return isinstance(self.status, Status)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is. ``percent`` is by its own account, and 100 where it has succeeded."""

    status: State | Status
    attempt: int
    peak_memory_kb: int | None
    started_at: datetime | None
    percent: int | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the job is over."""
        return isinstance(self.status, Status)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What a list of runs is narrowed to; None means any."""

    kinds: tuple[JobKind, ...] = ()
    statuses: tuple[Status, ...] = ()
    is_running: bool | None = None
    is_success: bool | None = None
    path_exact: str | None = None
    path_start: str | None = None
    script_hash: str | None = None
    created_by: str | None = None
    tag: str | None = None
    parent_job: JobId | None = None
    has_no_parent: bool | None = None
    is_flow_step: bool | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    is_due: bool | None = None
    newest_first: bool = True
    calls_main: bool | None = None
    """Only those that call ``main``, and no other function of their script."""
    labels: tuple[str, ...] = ()
    """Any of these."""
    labels_unwanted: tuple[str, ...] = ()
    """None of these."""
