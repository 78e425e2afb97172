"""Reads a job: everything about it, how far it is, its result, its log and its stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.model.blob import read_blob
from headrace.model.job import JobKind, LogBlock, LogChunk, State
from headrace.model.outcome import Status
from headrace.model.run import Progress, Run

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record
    from headrace.model.blob import Blob
    from headrace.model.ids import JobId

SQL = load_queries(__file__, "runs.sql")

_LIVE_STATES = {state.value for state in State}


async def read(connection: Connection, workspace: str, job: JobId) -> Run | None:
    """Everything about a job; None where there is none that the caller may see."""
    row = await SQL.read_run.row(connection, id=job, workspace=workspace)
    return run_of(row) if row else None


async def read_result(
    connection: Connection, workspace: str, job: JobId
) -> tuple[Status, bytes | Blob] | None:
    """A finished job's status and result, as JSON; None while it lives or where it can't be seen.

    A large result is a reference to where its bytes lie.
    """
    row = await SQL.read_result.row(connection, id=job, workspace=workspace)
    if row is None:
        return None
    return Status(row["status"]), read_blob(row["result_blob"]) if row["result_blob"] else row["result"]


async def read_progress(connection: Connection, workspace: str, job: JobId) -> Progress | None:
    """How far a job is; None where there is none that the caller may see."""
    row = await SQL.read_progress.row(connection, id=job, workspace=workspace)
    if row is None:
        return None
    status = _status(row["status"])
    return Progress(
        status=status,
        attempt=row["attempt"],
        peak_memory_kb=row["peak_memory_kb"],
        created_at=row["created_at"],
        scheduled_for=row["scheduled_for"],
        started_at=row["started_at"],
        permissioned_as=row["permissioned_as"],
        created_by=row["created_by"],
        visible_to_runner_only=row["visible_to_runner_only"],
        path=row["path"],
        # That a job has succeeded says that all of it is done (features §2.12).
        percent=100 if status is Status.SUCCESS else row["progress"],
        completed_at=row["completed_at"],
        duration_ms=row["duration_ms"],
        deleted=row["deleted"],
        is_draining=row["is_draining"],
    )


async def read_log(
    connection: Connection, job: JobId, attempt: int, from_start: int = 0, most_chunks: int = 1000
) -> list[LogChunk] | LogBlock:
    """Chunks of an attempt's log, from the one that contains ``from_start`` on; empty where unseen.

    Where ``from_start`` lies in the part that was moved to the blob store, the block that contains it.
    """
    rows = await SQL.read_log.rows(
        connection, id=job, attempt=attempt, from_start=from_start, most_chunks=most_chunks
    )
    if rows and rows[0]["blob"]:
        return LogBlock(rows[0]["start"], read_blob(rows[0]["blob"]))
    return [LogChunk(row["start"], row["chunk"]) for row in rows]


async def read_stream(
    connection: Connection, job: JobId, attempt: int, from_start: int = 0, most_chunks: int = 1000
) -> list[LogChunk]:
    """Pieces of the result of an attempt that runs; empty where unseen, and when the job is over."""
    rows = await SQL.read_stream.rows(
        connection, id=job, attempt=attempt, from_start=from_start, most_chunks=most_chunks
    )
    return [LogChunk(row["start"], row["chunk"]) for row in rows]


def run_of(row: Record) -> Run:
    """The run that a row of ``read_run`` or of a list tells about."""
    blob = row.get("result_blob")  # lists are without their large fields
    return Run(
        id=row["id"],
        workspace=row["workspace_id"],
        kind=JobKind(row["kind"]),
        status=_status(row["status"]),
        created_by=row["created_by"],
        created_at=row["created_at"],
        scheduled_for=row["scheduled_for"],
        permissioned_as=row["permissioned_as"],
        email=row["email"],
        tag=row["tag"],
        priority=row["priority"],
        attempt=row["attempt"],
        root_job=row["root_job"],
        visible_to_runner_only=row["visible_to_runner_only"],
        is_flow_step=row["is_flow_step"],
        labels=tuple(row["labels"]),
        deleted=row["deleted"],
        entry=row["entry"],
        preprocessed=row["preprocessed"],
        is_retry=row["is_retry"],
        parent_job=row["parent_job"],
        path=row["path"],
        script_hash=row["script_hash"],
        language=row["language"],
        raw_code=row["raw_code"],
        raw_lock=row["raw_lock"],
        args=row["args"],
        result=None if blob else row["result"],
        result_blob=read_blob(blob) if blob else None,
        held=row["held"],
        flow_step_id=row["flow_step_id"],
        trigger_kind=row["trigger_kind"],
        schedule_path=row["schedule_path"],
        timeout_seconds=row["timeout_seconds"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
        duration_ms=row["duration_ms"],
        exit_code=row["exit_code"],
        peak_memory_kb=row["peak_memory_kb"],
        worker=row["worker"],
        worker_renewed_at=row["renewed_at"],
        isolation=row["isolation"],
        canceled_by=row["canceled_by"],
        canceled_reason=row["canceled_reason"],
        resolved_at=row["resolved_at"],
        resolved_by=row["resolved_by"],
        resolution_note=row["resolution_note"],
        teardown=json.loads(row["teardown"]) if row["teardown"] else None,
    )


def _status(text: str) -> State | Status:
    return State(text) if text in _LIVE_STATES else Status(text)
