"""Routes that change jobs that wait, and jobs that have ended."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict

from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.schemas.answers import json_response
from headrace.api.schemas.job_ids import JobIds, parse_job_ids
from headrace.api.schemas.jobs import show_run
from headrace.db.failures import retried
from headrace.db.listen import JOBS_CHANGED, JOBS_DUE
from headrace.lifecycle import erase
from headrace.lifecycle.run_now import run_now
from headrace.model.ids import JobId, parse_job_id
from headrace.model.run import Run

router = APIRouter(prefix="/w/{workspace}/jobs", tags=["job"], route_class=CheckedRoute)


@router.post("/queue/run_now/{id}", response_class=PlainTextResponse)
async def run_queued_job_now(id: str, caller: WorkspaceCaller) -> str:
    """Let a job for later run now, or one in quarantine run again."""
    job = parse_job_id(id)

    async def transaction() -> str:
        async with caller.transaction() as connection:
            return await run_now(connection, caller.principal, job)

    tag = await retried(transaction)
    caller.context.switchboard.notify(JOBS_DUE, {tag})
    return str(job)


class ErasedJob(BaseModel):
    """A finished job without its data; with it comes all else that the contract's ``CompletedJob`` has."""

    model_config = ConfigDict(extra="allow")

    type: Literal["CompletedJob"]
    id: UUID
    workspace_id: str
    job_kind: str
    success: bool
    canceled: bool
    deleted: Literal[True]


@router.post("/completed/delete/{id}", response_model=ErasedJob)
async def delete_completed_job(id: str, caller: WorkspaceCaller) -> Response:
    """Erase arguments, result and logs of a finished job for good; answers with what is left of it."""
    job = parse_job_id(id)

    async def transaction() -> Run:
        async with caller.transaction() as connection:
            return await erase.erase_data(connection, caller.principal, job)

    left = await retried(transaction)
    caller.context.switchboard.notify(JOBS_CHANGED, {str(job)})
    return json_response(show_run(left))


@router.post("/delete", response_class=PlainTextResponse)
async def delete_jobs(body: JobIds, caller: WorkspaceCaller) -> str:
    """Remove finished jobs and all that is known of them, for admins; nothing where one has not ended."""
    jobs = parse_job_ids(body)

    async def transaction() -> list[JobId]:
        async with caller.transaction() as connection:
            return await erase.remove(connection, caller.principal, jobs)

    removed = await retried(transaction)
    return f"deleted {len(removed)} jobs"
