"""Routes that look at jobs: one, its progress, logs and result, and lists."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.pages import Page
from headrace.api.result_answers import result_response, with_result
from headrace.api.schemas.answers import encode, json_response
from headrace.api.schemas.job_filters import JobFilters
from headrace.api.schemas.jobs import show_run, show_update
from headrace.api.update import Seen, Update, read_update, text_from
from headrace.api.waiting import next_news
from headrace.clock import monotonic
from headrace.errors import NotFound
from headrace.model.ids import JobId, parse_job_id
from headrace.model.log_text import utf16_length
from headrace.model.outcome import Status
from headrace.model.run import Run
from headrace.permissions.check import may_see_run
from headrace.queue.due import count_waiting
from headrace.store import runs

if TYPE_CHECKING:
    from headrace.db.connection import Connection

router = APIRouter(prefix="/w/{workspace}", tags=["job"])

UPDATE_WAIT_SECONDS = 1.0
"""How long getupdate waits for something new: clients ask again at once."""
_MOST_LOG_OFFSET = 10**15


@router.get("/jobs_u/get/{id}")
async def get_job(id: str, caller: WorkspaceCaller, no_logs: bool = False, no_code: bool = False) -> Response:
    """Everything about a job."""
    async with caller.transaction() as connection:
        run = await _read(connection, caller, id)
        logs = None if no_logs else await _log_head(connection, caller, run)
    shown = show_run(run, logs=logs, code=not no_code)
    return await with_result(caller.context.blobs, shown, run.result_blob)


@router.get("/jobs_u/completed/get/{id}")
async def get_completed_job(id: str, caller: WorkspaceCaller) -> Response:
    """Everything about a job that has ended; 404 while it has not."""
    async with caller.transaction() as connection:
        run = await _read(connection, caller, id)
        if not run.is_finished:
            raise NotFound(f"job {run.id} has not ended yet")
        logs = await _log_head(connection, caller, run)
    return await with_result(caller.context.blobs, show_run(run, logs=logs), run.result_blob)


@router.get("/jobs_u/completed/get_result/{id}")
async def get_completed_job_result(id: str, caller: WorkspaceCaller) -> Response:
    """The result of a job that has ended, as it was returned; 404 while it has not."""
    job = parse_job_id(id)
    async with caller.transaction() as connection:
        ended = await runs.read_result(connection, caller.workspace, job)
    if ended is None:
        raise NotFound(f"job {job} has not ended yet, does not exist, or you may not see it")
    return await result_response(caller.context.blobs, ended[1])


@router.get("/jobs_u/completed/get_result_maybe/{id}")
async def get_completed_job_result_maybe(id: str, caller: WorkspaceCaller) -> Response:
    """Whether a job has started and ended, and its result if so. All keys are always there."""
    job = parse_job_id(id)
    async with caller.transaction() as connection:
        progress = await runs.read_progress(connection, caller.workspace, job)
        ended = await runs.read_result(connection, caller.workspace, job)
    if progress is None and ended is None:
        raise _not_there(job)
    if ended is None:
        started = progress is not None and progress.started_at is not None
        return json_response({"completed": False, "started": started, "success": None, "result": None})
    status, result = ended
    is_success = status in (Status.SUCCESS, Status.SKIPPED)
    shown = encode({"completed": True, "started": True, "success": is_success})
    return await with_result(caller.context.blobs, shown, result)


@router.get("/jobs_u/getupdate/{id}")
async def get_job_updates(
    id: str,
    caller: WorkspaceCaller,
    running: bool = False,
    log_offset: Annotated[int, Query(ge=0, le=_MOST_LOG_OFFSET)] = 0,
    stream_offset: Annotated[int, Query(ge=0, le=_MOST_LOG_OFFSET)] = 0,
    get_progress: bool = False,
    no_logs: bool = False,
) -> Response:
    """What is new since the offsets (UTF-16 units of log and stream) and ``running``; waits a little."""
    job = parse_job_id(id)
    seen = Seen(running, log_offset, stream_offset, no_logs=no_logs)
    until = monotonic() + UPDATE_WAIT_SECONDS
    first: Update | None = None
    with caller.context.waiters.news_of(job) as news:
        while True:
            async with caller.transaction() as connection:
                update = await read_update(connection, caller.context.read_log, caller.workspace, job, seen)
            if update is None:
                raise _not_there(job)
            has_gone_on = get_progress and first is not None and first.percent != update.percent
            if update.is_news_to(seen) or has_gone_on or monotonic() >= until:
                return json_response(show_update(update, with_progress=get_progress))
            first = first or update
            await next_news(news, until - monotonic())


@router.get("/jobs_u/get_logs/{id}", response_class=PlainTextResponse)
async def get_job_logs(id: str, caller: WorkspaceCaller) -> Response:
    """The whole log of a job's newest attempt, as text."""
    job = parse_job_id(id)
    async with caller.transaction() as connection:
        progress = await runs.read_progress(connection, caller.workspace, job)
    if progress is None:
        raise _not_there(job)
    return StreamingResponse(
        _whole_log(caller, job, progress.attempt), media_type="text/plain; charset=utf-8"
    )


@router.get("/jobs/list")
async def list_jobs(filters: Annotated[JobFilters, Query()], page: Page, caller: WorkspaceCaller) -> Response:
    """Jobs one may see, newest first, without their large fields."""
    wanted = filters.wanted()
    if wanted is None:
        return json_response([])
    async with caller.transaction() as connection:
        found = await runs.list_runs(
            connection, caller.workspace, wanted, limit=page.size, offset=page.offset
        )
    shown = (show_run(run, code=False) for run in found if _sees(caller, run))
    return json_response(b"[" + b",".join(shown) + b"]")


@router.get("/jobs/queue/count")
async def get_queue_count(caller: WorkspaceCaller) -> dict[str, int]:
    """How many jobs wait for a worker, and how many are suspended."""
    async with caller.transaction() as connection:
        waiting, suspended = await count_waiting(connection, caller.workspace)
    return {"database_length": waiting, "suspended": suspended}


@router.get("/jobs_u/get_root_job_id/{id}")
async def get_root_job_id(id: str, caller: WorkspaceCaller) -> Response:
    """The outermost ancestor of a job, as a JSON string."""
    async with caller.transaction() as connection:
        run = await _read(connection, caller, id)
    return json_response(encode(run.root_job))


async def _read(connection: Connection, caller: Caller, text: str) -> Run:
    job = parse_job_id(text)
    run = await runs.read(connection, caller.workspace, job)
    if run is None or not _sees(caller, run):
        raise _not_there(job)
    return run


def _sees(caller: Caller, run: Run) -> bool:
    """The first wall; the second one is in the database and lets the same runs through."""
    return run.id == caller.principal.job or may_see_run(
        caller.principal,
        path=run.path,
        permissioned_as=run.permissioned_as,
        created_by=run.created_by,
        runner_only=run.visible_to_runner_only,
    )


def _not_there(job: JobId) -> NotFound:
    return NotFound(f"job {job} does not exist, or you may not see it")


async def _log_head(connection: Connection, caller: Caller, run: Run) -> str:
    return await text_from(caller.context.read_log, connection, run.id, run.attempt, 0)


async def _whole_log(caller: Caller, job: JobId, attempt: int) -> AsyncIterator[str]:
    offset = 0
    while True:
        async with caller.transaction() as connection:
            piece = await text_from(caller.context.read_log, connection, job, attempt, offset)
        if not piece:
            return
        yield piece
        offset += utf16_length(piece)
