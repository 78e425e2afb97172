"""Routes that run old jobs once more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.schemas.job_ids import JobIds, parse_job_ids
from headrace.api.schemas.reruns import BatchRerun, SelectedJobGroup, VersionOfJobs
from headrace.db.failures import retried
from headrace.errors import HeadraceError, InvalidInput, Unavailable
from headrace.lifecycle.launch import Launched
from headrace.lifecycle.rerun import Rerun, rerun
from headrace.model.ids import JobId
from headrace.store.job_groups import read_groups

router = APIRouter(prefix="/w/{workspace}/jobs", tags=["job"], route_class=CheckedRoute)


@router.post("/run/batch_rerun_jobs", status_code=201, response_class=PlainTextResponse)
async def batch_re_run_jobs(
    body: BatchRerun,
    request: Request,
    caller: WorkspaceCaller,
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> Response:
    """Run jobs once more; answers a line for each as it is started: its id, or ``Error: `` and a sentence."""
    if idempotency_key is not None:
        raise InvalidInput("Idempotency-Key", "is not supported here; leave it out")
    jobs = parse_job_ids(body.job_ids, "job_ids")
    options = body.options(await request.body())
    return StreamingResponse(_rerun_each(caller, jobs, options), 201, media_type="text/plain; charset=utf-8")


@router.post("/list_selected_job_groups")
async def list_selected_job_groups(body: JobIds, caller: WorkspaceCaller) -> list[SelectedJobGroup]:
    """Jobs by the script that they ran, with the schemas of its versions: what to ask before a rerun."""
    jobs = parse_job_ids(body)
    async with caller.transaction() as connection:
        groups = await read_groups(connection, caller.principal, jobs)
    return [
        SelectedJobGroup(
            kind="script",
            script_path=group.path,
            latest_schema=group.latest_schema,
            schemas=[
                VersionOfJobs(schema=group.schemas[version], script_hash=version, job_ids=list(ids))
                for version, ids in group.jobs.items()
            ],
        )
        for group in groups
    ]


async def _rerun_each(caller: Caller, jobs: list[JobId], options: dict[str, Rerun]) -> AsyncIterator[str]:
    """One transaction for each, and none is open while a line is on its way."""
    for job in jobs:
        try:
            launched = await _rerun(caller, job, options)
        except HeadraceError as error:
            yield f"Error: {' '.join(str(error).split())}\n"
            if isinstance(error, Unavailable):
                return
        else:
            yield f"{launched.job}\n"


async def _rerun(caller: Caller, job: JobId, options: dict[str, Rerun]) -> Launched:
    async def transaction() -> Launched:
        async with caller.transaction() as connection:
            return await rerun(connection, caller.principal, job, options)

    launched = await retried(transaction)
    launched.announce(caller.context.switchboard)
    return launched
