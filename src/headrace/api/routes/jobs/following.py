"""Routes that look at one job: everything about it, its arguments, its times, its root."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from headrace.api.context import WorkspaceCaller
from headrace.api.result_answers import with_result
from headrace.api.routes.jobs.logs import log_head
from headrace.api.schemas.answers import encode, json_response, without_none
from headrace.api.schemas.job_shapes import CompletedJob, Job, JobTiming
from headrace.api.schemas.jobs import show_run
from headrace.errors import InvalidInput, NotFound
from headrace.lifecycle.find_run import find_progress, find_run
from headrace.model.ids import parse_job_id

router = APIRouter(prefix="/w/{workspace}", tags=["job"])


@router.get("/jobs_u/get/{id}", response_model=Job)
async def get_job(
    id: str,
    caller: WorkspaceCaller,
    no_logs: bool = False,
    no_code: bool = False,
    approval_token: str | None = None,
) -> Response:
    """Everything about a job."""
    if approval_token:
        raise InvalidInput("approval_token", "is not supported; leave it out")
    async with caller.transaction() as connection:
        run = await find_run(connection, caller.principal, parse_job_id(id))
        logs = None if no_logs else await log_head(connection, caller, run)
    shown = show_run(run, logs=logs, code=not no_code)
    return await with_result(caller.context.blobs, shown, run.result_blob)


@router.get("/jobs_u/completed/get/{id}", response_model=CompletedJob)
async def get_completed_job(id: str, caller: WorkspaceCaller) -> Response:
    """Everything about a job that has ended; 404 while it has not."""
    async with caller.transaction() as connection:
        run = await find_run(connection, caller.principal, parse_job_id(id))
        if not run.is_finished:
            raise NotFound(f"job {run.id} has not ended yet")
        logs = await log_head(connection, caller, run)
    return await with_result(caller.context.blobs, show_run(run, logs=logs), run.result_blob)


@router.get("/jobs_u/get_args/{id}", response_model=dict[str, Any])
async def get_job_args(id: str, caller: WorkspaceCaller) -> Response:
    """The arguments of a job, as they came."""
    async with caller.transaction() as connection:
        run = await find_run(connection, caller.principal, parse_job_id(id))
    return json_response(run.args or b"{}")


@router.get("/jobs_u/completed/get_timing/{id}", response_model=JobTiming)
async def get_completed_job_timing(id: str, caller: WorkspaceCaller) -> Response:
    """When a job was made and began, and how long it took; 404 while it has not ended."""
    job = parse_job_id(id)
    async with caller.transaction() as connection:
        progress = await find_progress(connection, caller.principal, job)
    if not progress.is_finished:
        raise NotFound(f"job {job} has not ended yet")
    return json_response(
        without_none(
            created_at=progress.created_at, started_at=progress.started_at, duration_ms=progress.duration_ms
        )
    )


@router.get("/jobs_u/get_root_job_id/{id}", response_model=UUID)
async def get_root_job_id(id: str, caller: WorkspaceCaller) -> Response:
    """The outermost ancestor of a job, as a JSON string."""
    async with caller.transaction() as connection:
        run = await find_run(connection, caller.principal, parse_job_id(id))
    return json_response(encode(run.root_job))


@router.get("/jobs/queue/scheduled_for/{id}", response_model=int)
async def get_scheduled_for(id: str, caller: WorkspaceCaller) -> Response:
    """When a job that has not ended is or was due, in milliseconds since 1970."""
    job = parse_job_id(id)
    async with caller.transaction() as connection:
        progress = await find_progress(connection, caller.principal, job)
    if progress.is_finished:
        raise NotFound(f"job {job} has ended already")
    return json_response(round(progress.scheduled_for.timestamp() * 1000))


@router.get("/jobs/worker_is_draining/{id}", response_model=bool)
async def worker_is_draining(id: str, caller: WorkspaceCaller) -> Response:
    """Whether the worker that runs a job takes no new ones and will end; false where none runs it."""
    async with caller.transaction() as connection:
        progress = await find_progress(connection, caller.principal, parse_job_id(id))
    return json_response(progress.is_draining)
