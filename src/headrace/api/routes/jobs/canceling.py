"""Routes that stop jobs: one, those of a list, those of a script, and all that filters find."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, StringConstraints

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.schemas.job_filters import JobFilters
from headrace.api.schemas.job_ids import MOST_JOBS, JobIds, batches, parse_job_ids
from headrace.db.failures import retried
from headrace.db.listen import JOBS_CANCELED, JOBS_CHANGED, JOBS_DUE
from headrace.errors import InvalidInput
from headrace.lifecycle.cancel import Canceled, cancel_each, cancel_one
from headrace.model.ids import JobId, parse_job_id
from headrace.model.path import check_path
from headrace.model.principal import Principal
from headrace.model.run import Choice, Part, Position, RunFilter
from headrace.permissions.check import ADMINS_WORKSPACE, require_admin, require_superadmin
from headrace.queue.cancel import find_workspaces
from headrace.store.run_list import list_runs

router = APIRouter(prefix="/w/{workspace}", tags=["job"], route_class=CheckedRoute)


class Reason(BaseModel):
    """Body of a cancel."""

    reason: Annotated[str, StringConstraints(max_length=2000)] | None = None


Why = Annotated[Reason | None, Body(examples=[{"reason": "started by mistake"}])]


class CanceledJobs(BaseModel):
    """How many jobs were stopped, or told to stop; ``is_all`` is false where filters find still more."""

    canceled: int
    is_all: bool


@router.post("/jobs_u/queue/cancel/{id}", response_class=PlainTextResponse)
async def cancel_queued_job(id: str, caller: WorkspaceCaller, body: Why = None) -> str:
    """Stop a job: at once where it waits, through its worker where it runs."""
    return await _cancel(caller, id, body, force=False)


@router.post("/jobs_u/queue/force_cancel/{id}", response_class=PlainTextResponse)
async def force_cancel_queued_job(id: str, caller: WorkspaceCaller, body: Why = None) -> str:
    """End a job without waiting for its worker."""
    return await _cancel(caller, id, body, force=True)


@router.post("/jobs_u/queue/cancel_persistent/{path:path}", response_class=PlainTextResponse)
async def cancel_persistent_queued_jobs(path: str, caller: WorkspaceCaller, body: Why = None) -> str:
    """Stop all jobs of a script that wait or run and that one may stop; answers how many."""
    of_script = RunFilter(part=Part.LIVE, path_exact=Choice((check_path(path),)))
    jobs = await _find_live(caller, of_script)
    done = await _cancel_each(caller, jobs, body, force=False)
    return f"canceled {len(done)} jobs of {path}"


@router.post("/jobs/queue/cancel_selection")
async def cancel_selection(
    body: JobIds, caller: WorkspaceCaller, force_cancel: bool = False, all_workspaces: bool = False
) -> list[str]:
    """Stop jobs by their ids; answers with those that were stopped or told to stop.

    Ids of jobs that have ended, that one may not stop, or that there are not, are passed over.
    """
    jobs = parse_job_ids(body)
    if not all_workspaces:
        return [str(job) for job in await _cancel_each(caller, jobs, None, force=force_cancel)]
    done: list[JobId] = []
    for there, theirs in await _elsewhere(caller, jobs):
        done += await _cancel_each(there, theirs, None, force=force_cancel)
    return [str(job) for job in done]


@router.post("/jobs/queue/cancel_filtered")
async def cancel_filtered(
    request: Request,
    filters: Annotated[JobFilters, Query()],
    caller: WorkspaceCaller,
    body: Why = None,
    force_cancel: bool = False,
) -> CanceledJobs:
    """Stop all jobs that the filters of a list find, ten thousand at most; for admins of the workspace."""
    require_admin(caller.principal)
    # A name that nobody knows would be left out, and more be stopped than was meant.
    if unknown := sorted(set(request.query_params) - set(JobFilters.model_fields) - {"force_cancel"}):
        raise InvalidInput(unknown[0], "jobs can't be filtered by this")
    wanted = filters.wanted(Part.LIVE)
    jobs = await _find_live(caller, wanted) if wanted else []
    done = await _cancel_each(caller, jobs, body, force=force_cancel)
    return CanceledJobs(canceled=len(done), is_all=len(jobs) < MOST_JOBS)


async def _cancel(caller: Caller, text: str, body: Reason | None, *, force: bool) -> str:
    job = parse_job_id(text)
    reason = body.reason if body else None

    async def transaction() -> Canceled:
        async with caller.transaction() as connection:
            return await cancel_one(connection, caller.principal, job, reason, force=force)

    _announce(caller, await retried(transaction))
    return str(job)


async def _cancel_each(caller: Caller, jobs: list[JobId], body: Reason | None, *, force: bool) -> list[JobId]:
    """In transactions of bounded size, each of which holds whatever becomes of the next."""
    reason = body.reason if body else None
    done: list[JobId] = []
    for batch in batches(jobs):
        done += await _cancel_batch(caller, batch, reason, force=force)
    return done


async def _cancel_batch(
    caller: Caller, batch: list[JobId], reason: str | None, *, force: bool
) -> list[JobId]:
    async def transaction() -> Canceled:
        async with caller.transaction() as connection:
            return await cancel_each(connection, caller.principal, batch, reason, force=force)

    canceled = await retried(transaction)
    _announce(caller, canceled)
    return canceled.jobs


async def _find_live(caller: Caller, wanted: RunFilter) -> list[JobId]:
    """Ids of live jobs that the caller sees: those that wait first, so that none of them begins meanwhile."""
    states = (False, True) if wanted.is_running is None else (wanted.is_running,)
    found: list[JobId] = []
    for is_running in states:
        found += await _find_part(caller, replace(wanted, is_running=is_running), MOST_JOBS - len(found))
    return found


async def _find_part(caller: Caller, wanted: RunFilter, most: int) -> list[JobId]:
    found: list[JobId] = []
    after: Position | None = None
    while len(found) < most:
        async with caller.transaction() as connection:
            page = await list_runs(
                connection, [caller.workspace], wanted, limit=most - len(found), after=after
            )
        found += [run.id for run in page.runs]
        if (after := page.next) is None:
            break
    return found


async def _elsewhere(caller: Caller, jobs: list[JobId]) -> list[tuple[Caller, list[JobId]]]:
    """The jobs by the workspace that they are in, and the superadmin who asks as one of its admins."""
    require_superadmin(caller.principal)
    if caller.workspace != ADMINS_WORKSPACE:
        raise InvalidInput("all_workspaces", f"works in the workspace {ADMINS_WORKSPACE} only")
    async with caller.transaction() as connection:
        workspaces = await find_workspaces(connection, jobs)
    found: dict[str, list[JobId]] = defaultdict(list)
    for job, workspace in workspaces.items():
        found[workspace].append(job)
    return [(_as_admin(caller, workspace), theirs) for workspace, theirs in found.items()]


def _as_admin(caller: Caller, workspace: str) -> Caller:
    """A superadmin in a workspace of which they need be no member: shown by email there."""
    email = caller.principal.email
    principal = Principal(
        email=email,
        username=email,
        workspace=workspace,
        is_admin=True,
        is_superadmin=True,
        identities=(email,),
    )
    return replace(caller, principal=principal)


def _announce(caller: Caller, done: Canceled) -> None:
    changed = {str(job) for job in done.jobs}
    for channel in (JOBS_CANCELED, JOBS_CHANGED):
        caller.context.switchboard.notify(channel, changed)
    caller.context.switchboard.notify(JOBS_DUE, done.finished.due_tags)
