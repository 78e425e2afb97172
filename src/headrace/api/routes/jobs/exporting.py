"""Routes that give jobs whole, a page at a time, to keep them elsewhere; for admins of the workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.pages import PageOfRuns, RunsPage, headers_of
from headrace.api.result_answers import whole_result
from headrace.api.routes.jobs.logs import log_head
from headrace.api.schemas.job_shapes import CompletedJob, QueuedJob
from headrace.api.schemas.jobs import show_run
from headrace.model.run import Part, RunFilter
from headrace.permissions.check import require_admin
from headrace.store import runs
from headrace.store.run_list import list_runs

if TYPE_CHECKING:
    from headrace.model.ids import JobId

router = APIRouter(prefix="/w/{workspace}/jobs", tags=["job"])


@router.get("/completed/export", response_model=list[CompletedJob])
async def export_completed_jobs(page: RunsPage, request: Request, caller: WorkspaceCaller) -> Response:
    """Jobs that have ended, oldest first, with all that is kept of them; of each log the beginning."""
    return await _export(caller, request, page, Part.FINISHED)


@router.get("/queue/export", response_model=list[QueuedJob])
async def export_queued_jobs(page: RunsPage, request: Request, caller: WorkspaceCaller) -> Response:
    """The same of jobs that have not ended."""
    return await _export(caller, request, page, Part.LIVE)


async def _export(caller: Caller, request: Request, page: PageOfRuns, part: Part) -> Response:
    require_admin(caller.principal)
    wanted = RunFilter(part=part, newest_first=False)
    async with caller.transaction() as connection:
        found = await list_runs(
            connection, [caller.workspace], wanted, limit=page.size, offset=page.offset, after=page.after
        )
    whole = _whole(caller, [run.id for run in found.runs], part)
    headers = headers_of(request, found.next, found.stopped_at)
    return StreamingResponse(whole, headers=headers, media_type="application/json")


async def _whole(caller: Caller, jobs: list[JobId], part: Part) -> AsyncIterator[bytes]:
    """One after the other, because each may be large. One that has ended since it was listed is left out."""
    mark = b"["
    for job in jobs:
        async with caller.transaction() as connection:
            run = await runs.read(connection, caller.workspace, job)
            if run is None or run.is_finished != (part is Part.FINISHED):
                continue
            logs = await log_head(connection, caller, run)
        shown = show_run(run, logs=logs)
        if run.result_blob is not None:
            result = await whole_result(caller.context.blobs, run.result_blob)
            shown = shown[:-1] + b',"result":' + result + b"}"
        yield mark + shown
        mark = b","
    yield b"[]" if mark == b"[" else b"]"
