"""What the routes that look at jobs answer, as OpenAPI tells it: shapes of the public contract.

Fields that are not told are left out. Those that end in ``(ours)`` are additions to the contract.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from headrace.model.job import Held, JobKind
from headrace.model.outcome import Status


class Shape(BaseModel):
    """An answer that is made by hand; this only describes it."""

    model_config = ConfigDict(extra="forbid")


class JobShape(Shape):
    """What queued and completed jobs have in common."""

    id: UUID
    workspace_id: str
    job_kind: JobKind
    created_by: str
    created_at: datetime
    scheduled_for: datetime
    permissioned_as: str
    email: str
    tag: str
    is_flow_step: bool
    visible_to_owner: bool
    canceled: bool
    attempt: int = Field(description="How often it was begun (ours).")
    priority: int | None = None
    parent_job: UUID | None = None
    root_job: UUID | None = None
    script_path: str | None = None
    script_hash: str | None = None
    language: str | None = None
    raw_code: str | None = None
    raw_lock: str | None = None
    args: dict[str, Any] | None = None
    logs: str | None = None
    schedule_path: str | None = None
    trigger_kind: str | None = None
    mem_peak: int | None = Field(None, description="Most memory used, in kB.")
    worker: str | None = None
    canceled_by: str | None = None
    canceled_reason: str | None = None
    labels: list[str] | None = None
    preprocessed: bool | None = None
    isolation: str | None = Field(None, description="How it was kept apart (ours).")
    timeout: int | None = Field(None, description="Longest it may run, in seconds.")
    entrypoint: str | None = Field(
        None, description="The function that is called, where it is not main (ours)."
    )


class QueuedJob(JobShape):
    """A job that waits, runs or is suspended."""

    type: Literal["QueuedJob"]
    running: bool
    status: Literal["queued", "running", "suspended"]
    started_at: datetime | None = None
    last_ping: datetime | None = None
    held: Held | None = Field(None, description="What keeps it from being taken (ours).")


class CompletedJob(JobShape):
    """A job that has ended."""

    type: Literal["CompletedJob"]
    success: bool
    is_skipped: bool
    status: Status
    started_at: datetime
    completed_at: datetime
    duration_ms: int
    deleted: bool
    result: Any = None
    exit_code: int | None = None
    resolved: bool | None = None
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    resolution_note: str | None = None
    teardown: dict[str, Any] | None = Field(
        None,
        description="When nothing of it was left: processes, folder, mounts, token (ours).",
    )


Job = QueuedJob | CompletedJob


class JobUpdates(Shape):
    """What is new of a job. Offsets count UTF-16 units."""

    running: bool
    completed: bool
    new_logs: str
    log_offset: int
    stream_offset: int
    new_result_stream: str | None = None
    mem_peak: int | None = None
    progress: int | None = None


class ResultMaybe(Shape):
    """Whether a job has ended, and with what. All keys are always there."""

    completed: bool
    started: bool
    success: bool | None
    result: Any


class JobTiming(Shape):
    """When a finished job was made and began, and how long it took."""

    created_at: datetime
    started_at: datetime | None = None
    duration_ms: int


class TreeMember(Shape):
    """A job's place in the tree of jobs below another one."""

    job_id: UUID
    label: str
    kind: JobKind
    depth: int
    sibling_index: int
    sibling_count: int
    flow_step_id: str | None = None
    step_path: str | None = None
    parent_module_type: str | None = None


class LogsOfMember(TreeMember):
    """The log of one job of a tree."""

    logs: str


class ResultOfMember(TreeMember):
    """What became of one job of a tree."""

    status: Literal["success", "failure", "canceled", "skipped", "suspended", "running", "queued"]
    success: bool | None = None
    duration_ms: int | None = None
    started_at: datetime | None = None
    result_prefix: str | None = None
    result_length: int | None = None


class TreeResults(Shape):
    """What became of all jobs of a tree."""

    entries: list[ResultOfMember]
    truncated: bool
    enclosing_job: UUID | None = None
    step_error: str | None = None
