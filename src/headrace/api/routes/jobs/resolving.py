"""Routes that mark failures as dealt with, or take the mark away. The jobs stay what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.schemas.answers import json_response
from headrace.errors import InvalidInput
from headrace.lifecycle.find_run import sees
from headrace.model.ids import parse_job_id
from headrace.permissions.check import may_end_run
from headrace.queue.resolve import resolve, unresolve
from headrace.store import audit, runs

if TYPE_CHECKING:
    from headrace.api.context import Caller
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId

router = APIRouter(prefix="/w/{workspace}/jobs/completed", tags=["job"], route_class=CheckedRoute)

_Ids = Annotated[list[str], Field(max_length=1000)]
_EXAMPLE_IDS: list[JsonValue] = ["01890a5d-ac96-774b-bcce-b302099a8057"]


class Resolution(BaseModel):
    """Which jobs somebody has dealt with, and how."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"job_ids": _EXAMPLE_IDS, "note": "the bucket was full"}]}
    )

    job_ids: _Ids
    note: Annotated[str, StringConstraints(max_length=2000)] | None = None
    superseded_by: str | None = Field(None, description="Not supported.")


class Unresolution(BaseModel):
    """Which jobs lose their mark."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"job_ids": _EXAMPLE_IDS}]})

    job_ids: _Ids


@router.post("/resolve", response_model=list[UUID])
async def resolve_completed_jobs(body: Resolution, caller: WorkspaceCaller) -> Response:
    """Mark failed and canceled jobs as dealt with; answers with the ids of those that are so from now on.

    Jobs that one may not end, or that there are not, are passed over.
    """
    if body.superseded_by is not None:
        raise InvalidInput("superseded_by", "is not supported; leave it out")
    async with caller.transaction() as connection:
        jobs = await _own(connection, caller, body.job_ids)
        done = await resolve(connection, caller.workspace, jobs, caller.principal.username, body.note)
        await _note(connection, caller, "jobs.resolve", done)
    return json_response([str(job) for job in done])


@router.post("/unresolve", response_model=list[UUID])
async def unresolve_completed_jobs(body: Unresolution, caller: WorkspaceCaller) -> Response:
    """Take the mark away; answers with the ids of those that had one."""
    async with caller.transaction() as connection:
        done = await unresolve(connection, caller.workspace, await _own(connection, caller, body.job_ids))
        await _note(connection, caller, "jobs.unresolve", done)
    return json_response([str(job) for job in done])


async def _own(connection: Connection, caller: Caller, texts: list[str]) -> list[JobId]:
    """Those of the jobs that the caller sees and may end."""
    own: list[JobId] = []
    for job in dict.fromkeys(parse_job_id(text, "job_ids") for text in texts):
        run = await runs.read_progress(connection, caller.workspace, job)
        if run is None or not sees(caller.principal, job, run):
            continue
        if may_end_run(
            caller.principal,
            path=run.path,
            permissioned_as=run.permissioned_as,
            created_by=run.created_by,
            runner_only=run.visible_to_runner_only,
        ):
            own.append(job)
    return own


async def _note(connection: Connection, caller: Caller, operation: str, jobs: list[JobId]) -> None:
    for job in jobs:
        await audit.write(connection, caller.principal, operation, "Updated", str(job))
