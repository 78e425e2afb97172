"""Jobs in the shapes of the public contract: ``QueuedJob`` and ``CompletedJob``."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from headrace.api.schemas.answers import with_raw, without_none
from headrace.model.job import State
from headrace.model.outcome import Status

if TYPE_CHECKING:
    from headrace.api.update import Update
    from headrace.model.run import Run


def show_run(run: Run, *, logs: str | None = None, code: bool = True) -> bytes:
    """A job as JSON. ``logs`` are added where given; raw code and lock where ``code``."""
    fields = _common(run) | (_finished(run) if run.is_finished else _live(run))
    if logs is not None:
        fields["logs"] = logs
    if code:
        fields |= without_none(raw_code=run.raw_code, raw_lock=run.raw_lock)
    return with_raw(fields, {"args": run.args, "result": run.result})


def show_update(update: Update, *, with_progress: bool) -> dict[str, Any]:
    """What is new of a job, as the contract's answer of ``getupdate``."""
    return without_none(
        running=update.is_running,
        completed=update.is_finished,
        new_logs=update.new_logs,
        log_offset=update.log_offset,
        new_result_stream=update.new_stream or None,
        stream_offset=update.stream_offset,
        mem_peak=update.peak_memory_kb,
        progress=update.percent if with_progress else None,
    )


def show_end(result: bytes | None, run: Run | None) -> dict[str, bytes | None]:
    """What the last event of a stream tells besides an update: the result, and the job unless it is None."""
    if run is not None and run.result_blob is not None:
        run = dataclasses.replace(run, result=result)
    return {"only_result": result, "job": show_run(run) if run else None}


def _common(run: Run) -> dict[str, Any]:
    return without_none(
        id=run.id,
        workspace_id=run.workspace,
        job_kind=run.kind.value,
        created_by=run.created_by,
        created_at=run.created_at,
        permissioned_as=run.permissioned_as,
        email=run.email,
        tag=run.tag,
        priority=run.priority or None,
        is_flow_step=run.is_flow_step,
        visible_to_owner=not run.visible_to_runner_only,
        parent_job=run.parent_job,
        root_job=run.root_job if run.root_job != run.id else None,
        script_path=run.path,
        script_hash=run.script_hash,
        language=run.language,
        schedule_path=run.schedule_path,
        trigger_kind=run.trigger_kind,
        mem_peak=run.peak_memory_kb,
        canceled_by=run.canceled_by,
        canceled_reason=run.canceled_reason,
        worker=run.worker,
        attempt=run.attempt,
        status=run.status.value,
        isolation=run.isolation,
        timeout=run.timeout_seconds,
        labels=list(run.labels) or None,
        entrypoint=run.entry,
        preprocessed=run.preprocessed,
        is_retry=run.is_retry or None,
    )


def _live(run: Run) -> dict[str, Any]:
    return without_none(
        type="QueuedJob",
        running=run.status is State.RUNNING,
        canceled=run.canceled_by is not None,
        scheduled_for=run.scheduled_for,
        started_at=run.started_at,
        last_ping=run.worker_renewed_at,
        held=run.held,
    )


def _finished(run: Run) -> dict[str, Any]:
    return without_none(
        type="CompletedJob",
        success=run.status in (Status.SUCCESS, Status.SKIPPED),
        canceled=run.status is Status.CANCELED,
        is_skipped=run.status is Status.SKIPPED,
        # A job that never started has to show an instant all the same.
        started_at=run.started_at or run.completed_at,
        completed_at=run.completed_at,
        scheduled_for=run.scheduled_for,
        duration_ms=run.duration_ms,
        exit_code=run.exit_code,
        deleted=run.deleted,
        teardown=run.teardown,
        resolved=run.resolved_at is not None or None,
        resolved_by=run.resolved_by,
        resolved_at=run.resolved_at,
        resolution_note=run.resolution_note,
    )
