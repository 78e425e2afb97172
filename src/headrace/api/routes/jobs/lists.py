"""Routes that list jobs: all of them, those that have not ended, those that have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.pages import IdsPage, PageOfRuns, RunsPage, headers_of
from headrace.api.schemas.answers import encode, json_response
from headrace.api.schemas.job_filters import JobFilters
from headrace.api.schemas.job_shapes import CompletedJob, Job, QueuedJob
from headrace.api.schemas.jobs import show_run
from headrace.errors import InvalidInput
from headrace.lifecycle.find_run import sees
from headrace.model.run import Part
from headrace.permissions.check import ADMINS_WORKSPACE, require_superadmin
from headrace.store import workspaces
from headrace.store.run_list import RunPage, list_runs

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.run import Run

router = APIRouter(prefix="/w/{workspace}/jobs", tags=["job"])

Filters = Annotated[JobFilters, Query()]


@router.get("/list", response_model=list[Job])
async def list_jobs(filters: Filters, page: RunsPage, request: Request, caller: WorkspaceCaller) -> Response:
    """Jobs one may see, newest first, without their large fields."""
    return _shown(request, await _find(caller, filters, page, Part.ALL))


@router.get("/queue/list", response_model=list[QueuedJob])
async def list_queue(filters: Filters, page: RunsPage, request: Request, caller: WorkspaceCaller) -> Response:
    """Those of them that have not ended."""
    return _shown(request, await _find(caller, filters, page, Part.LIVE))


@router.get("/completed/list", response_model=list[CompletedJob])
async def list_completed_jobs(
    filters: Filters, page: RunsPage, request: Request, caller: WorkspaceCaller
) -> Response:
    """Those of them that have ended."""
    return _shown(request, await _find(caller, filters, page, Part.FINISHED))


@router.get("/list_filtered_uuids", response_model=list[UUID])
async def list_filtered_jobs_uuids(
    filters: Filters, page: IdsPage, request: Request, caller: WorkspaceCaller
) -> Response:
    """The ids of jobs, a thousand at a time unless said otherwise."""
    return _ids(request, await _find(caller, filters, page, Part.ALL))


@router.get("/queue/list_filtered_uuids", response_model=list[UUID])
async def list_filtered_queue_uuids(
    filters: Filters, page: IdsPage, request: Request, caller: WorkspaceCaller
) -> Response:
    """The ids of those of them that have not ended."""
    return _ids(request, await _find(caller, filters, page, Part.LIVE))


async def places(connection: Connection, caller: Caller, *, all_workspaces: bool) -> list[str]:
    """The workspaces that are looked at; raises PermissionDenied for those who may see only their own."""
    if not all_workspaces:
        return [caller.workspace]
    require_superadmin(caller.principal)
    if caller.workspace != ADMINS_WORKSPACE:
        raise InvalidInput("all_workspaces", f"works in the workspace {ADMINS_WORKSPACE} only")
    return [workspace.id for workspace in await workspaces.list_all(connection)]


async def _find(caller: Caller, filters: JobFilters, page: PageOfRuns, part: Part) -> RunPage:
    wanted = filters.wanted(part, may_span=True)
    async with caller.transaction() as connection:
        where = await places(connection, caller, all_workspaces=filters.all_workspaces)
        if wanted is None or not where:
            return RunPage([], None)
        found = await list_runs(
            connection, where, wanted, limit=page.size, offset=page.offset, after=page.after
        )
    seen = [run for run in found.runs if sees(caller.principal, run.id, run)]
    return RunPage(seen, found.next, found.stopped_at)


def _shown(request: Request, page: RunPage) -> Response:
    return _answer(request, page, lambda run: show_run(run, code=False))


def _ids(request: Request, page: RunPage) -> Response:
    return _answer(request, page, lambda run: encode(run.id))


def _answer(request: Request, page: RunPage, show: Callable[[Run], bytes]) -> Response:
    answer = json_response(b"[" + b",".join(show(run) for run in page.runs) + b"]")
    answer.headers.update(headers_of(request, page.next, page.stopped_at))
    return answer
