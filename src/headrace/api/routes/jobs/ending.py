"""Routes that stop jobs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, StringConstraints

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.db.failures import retried
from headrace.db.listen import JOBS_CANCELED, JOBS_CHANGED, JOBS_DUE
from headrace.errors import NotFound, PermissionDenied
from headrace.lifecycle.cancel import cancel, force_cancel
from headrace.lifecycle.finish import Finished
from headrace.model.ids import JobId, parse_job_id
from headrace.permissions.check import may_end_run
from headrace.store import audit, runs

if TYPE_CHECKING:
    from headrace.db.connection import Connection

router = APIRouter(prefix="/w/{workspace}/jobs_u/queue", tags=["job"], route_class=CheckedRoute)


class Reason(BaseModel):
    """Body of a cancel."""

    reason: Annotated[str, StringConstraints(max_length=2000)] | None = None


Cancel = Callable[["Connection", JobId, str, str | None], Awaitable[Finished | None]]


@router.post("/cancel/{id}", response_class=PlainTextResponse)
async def cancel_queued_job(id: str, caller: WorkspaceCaller, body: Reason | None = None) -> str:
    """Stop a job: at once where it waits, through its worker where it runs."""
    return await _end(caller, id, body, cancel, "jobs.cancel")


@router.post("/force_cancel/{id}", response_class=PlainTextResponse)
async def force_cancel_queued_job(id: str, caller: WorkspaceCaller, body: Reason | None = None) -> str:
    """End a job without waiting for its worker."""
    return await _end(caller, id, body, force_cancel, "jobs.force_cancel")


async def _end(caller: Caller, text: str, body: Reason | None, deed: Cancel, operation: str) -> str:
    job = parse_job_id(text)
    reason = body.reason if body else None

    async def transaction() -> Finished:
        async with caller.transaction() as connection:
            await _require_end(connection, caller, job)
            finished = await deed(connection, job, caller.principal.username, reason)
            if finished is None:
                raise NotFound(f"job {job} has ended already")
            await audit.write(connection, caller.principal, operation, "Updated", str(job))
            return finished

    finished = await retried(transaction)
    for channel in (JOBS_CANCELED, JOBS_CHANGED):
        caller.context.switchboard.notify(channel, {str(job)})
    caller.context.switchboard.notify(JOBS_DUE, finished.due_tags)
    return str(job)


async def _require_end(connection: Connection, caller: Caller, job: JobId) -> None:
    run = await runs.read(connection, caller.workspace, job)
    if run is None:
        raise NotFound(f"job {job} does not exist, or you may not see it")
    if not may_end_run(
        caller.principal, path=run.path, permissioned_as=run.permissioned_as, created_by=run.created_by
    ):
        raise PermissionDenied("you may see this job but not stop it")
