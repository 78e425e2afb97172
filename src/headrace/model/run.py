"""What can be seen of a job, live or finished."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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
    is_retry: bool = False
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    resolution_note: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether this is history."""
        return isinstance(self.status, Status)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, and what says who may see it.

    ``percent`` is by its own account, and 100 where it has succeeded. ``is_draining`` says whether the worker
    that runs it takes no new jobs.
    """

    status: State | Status
    attempt: int
    peak_memory_kb: int | None
    created_at: datetime
    scheduled_for: datetime
    started_at: datetime | None
    permissioned_as: str
    created_by: str
    visible_to_runner_only: bool
    path: str | None = None
    percent: int | None = None
    completed_at: datetime | None = None
    duration_ms: int | None = None
    deleted: bool = False
    is_draining: bool = False

    @property
    def is_finished(self) -> bool:
        """Whether the job is over."""
        return isinstance(self.status, Status)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which values of a field are wanted: one of some, and none of others; empty for any.

    In patterns ``*`` stands for any characters.
    """

    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    are_patterns: bool = False

    def __bool__(self) -> bool:
        return bool(self.any_of or self.none_of)


ANY = Choice()


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time: after an instant and up to another one; None where it is open."""

    after: datetime | None = None
    until: datetime | None = None


ALWAYS = Span()


class Part(StrEnum):
    """Which jobs are looked at."""

    ALL = "all"
    LIVE = "live"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Position:
    """A job's place in a list, which is in the order of creation."""

    created_at: datetime
    id: JobId


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What a list of runs is narrowed to; None means any."""

    part: Part = Part.ALL
    kinds: tuple[JobKind, ...] = ()
    kinds_unwanted: tuple[JobKind, ...] = ()
    statuses: tuple[Status, ...] = ()
    is_running: bool | None = None
    is_suspended: bool | None = None
    is_success: bool | None = None
    is_skipped: bool | None = None
    is_resolved: bool | None = None
    path_exact: Choice = ANY
    path_start: Choice = ANY
    script_hash: Choice = ANY
    created_by: Choice = ANY
    tag: Choice = ANY
    worker: Choice = ANY
    labels: Choice = ANY
    schedule_path: Choice = ANY
    trigger_kind: Choice = ANY
    concurrency_key: str | None = None
    parent_jobs: tuple[JobId, ...] = ()
    has_no_parent: bool | None = None
    is_flow_step: bool | None = None
    has_no_schedule: bool | None = None
    created: Span = ALWAYS
    created_if_live: Span = ALWAYS
    """When those must have been made that have not ended."""
    started: Span = ALWAYS
    begun: Span = ALWAYS
    """When they must have been started, or made where they have not been started."""
    completed: Span = ALWAYS
    is_due: bool | None = None
    calls_main: bool | None = None
    """Only those that call ``main``, and no other function of their script."""
    args: str | None = None
    """JSON that the arguments must contain."""
    result: str | None = None
    """JSON that the result must contain."""
    text: str | None = None
    """What path, tag, trigger, schedule or a label must have in it, in whatever case."""
    newest_first: bool = True

    @property
    def is_scan(self) -> bool:
        """Whether no index helps, so that jobs are looked at one by one, and only so many."""
        patterns = (self.tag, self.worker, self.labels)
        asks_content = (self.args, self.result, self.text) != (None, None, None)
        return asks_content or any(choice and choice.are_patterns for choice in patterns)
