"""Routes for what a job tells of itself while it runs: how far it is."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, FiniteFloat

from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.schemas.answers import json_response
from headrace.db.listen import JOBS_CHANGED
from headrace.errors import Conflict, PermissionDenied
from headrace.lifecycle.find_run import find_progress
from headrace.model.ids import parse_job_id
from headrace.permissions.check import may_end_run
from headrace.queue import notes

router = APIRouter(prefix="/w/{workspace}/job_metrics", tags=["metrics"], route_class=CheckedRoute)


class Progress(BaseModel):
    """Body of a report. ``flow_job_id`` is what the public clients send beside it, and is not needed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"percent": 42}]})

    percent: FiniteFloat
    flow_job_id: str | None = None


@router.post("/set_progress/{id}", response_model=None)
async def set_job_progress(id: str, body: Progress, caller: WorkspaceCaller) -> Response:
    """Say how far a job is, in percent: cut to 0 to 99, and never back. For the job itself and its enders."""
    job = parse_job_id(id)
    async with caller.transaction() as connection:
        run = await find_progress(connection, caller.principal, job)
        is_allowed = caller.principal.job == job or may_end_run(
            caller.principal,
            path=run.path,
            permissioned_as=run.permissioned_as,
            created_by=run.created_by,
            runner_only=run.visible_to_runner_only,
        )
        if not is_allowed:
            raise PermissionDenied(f"you may not say how far job {job} is")
        percent = await notes.set_progress(connection, job, body.percent)
    if percent is None:
        raise Conflict(f"job {job} does not run, so it has no progress")
    caller.context.switchboard.notify(JOBS_CHANGED, {str(job)})
    return json_response(None)


@router.get("/get_progress/{id}", response_model=int | None)
async def get_job_progress(id: str, caller: WorkspaceCaller) -> Response:
    """How far a job is, in percent: null where it has not said, 100 where it has succeeded."""
    job = parse_job_id(id)
    async with caller.transaction() as connection:
        progress = await find_progress(connection, caller.principal, job)
    return json_response(progress.percent)
