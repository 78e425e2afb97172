"""Routes that tell what a job has printed: all of it, a part, its end, or that of a whole tree of jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from headrace.api.conditional import is_known, tag_of, tagged
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.log_reading import Log, asks_for_range, log_from, log_tail, read_range
from headrace.api.routes.jobs.tree import Member, read_tree, show_member
from headrace.api.schemas.answers import json_response
from headrace.api.schemas.job_shapes import LogsOfMember
from headrace.errors import InvalidInput, NotFound
from headrace.lifecycle.find_run import find_progress
from headrace.model.ids import parse_job_id

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.run import Run

router = APIRouter(prefix="/w/{workspace}/jobs_u", tags=["job"])

TAIL_UNITS = 10_000
_MOST_UNITS = 10**15
_TEXT = "text/plain; charset=utf-8"
_Units = Annotated[int, Query(ge=0, le=_MOST_UNITS)]


async def log_head(connection: Connection, caller: Caller, run: Run) -> str:
    """The beginning of a job's log, as it stands in the job's own record."""
    return await log_from(caller.context.read_log, connection, run.id, run.attempt, 0)


@router.get("/get_logs/{id}", response_class=PlainTextResponse)
async def get_job_logs(
    id: str,
    caller: WorkspaceCaller,
    offset: _Units = 0,
    length: _Units | None = None,
    download: bool = False,
    remove_ansi_warnings: Annotated[bool, Query(description="Changes nothing: we add no warnings.")] = False,
    range_: Annotated[str, Header(alias="Range")] = "",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """The log of a job's newest attempt: all of it, or a part.

    ``offset`` and ``length`` count UTF-16 units, as ``getupdate`` does; a header ``Range`` counts bytes.
    """
    _ = remove_ansi_warnings
    job = parse_job_id(id)
    async with caller.transaction() as connection:
        progress = await find_progress(connection, caller.principal, job)
    tag = tag_of(job, progress)
    if is_known(tag, if_none_match):
        return tagged(Response(status_code=304), tag)
    headers = {"Accept-Ranges": "bytes"}
    if download:
        headers["Content-Disposition"] = f'attachment; filename="job-{job}.log"'
    log = Log(caller, job, progress.attempt)
    if asks_for_range(range_):
        if offset or length is not None:
            raise InvalidInput("Range", "goes together with neither offset nor length")
        return tagged(await _range_of(log, range_, headers), tag)
    return tagged(StreamingResponse(log.pieces(offset, length), headers=headers, media_type=_TEXT), tag)


@router.get("/get_completed_logs_tail/{id}", response_class=PlainTextResponse)
async def get_completed_job_logs_tail(id: str, caller: WorkspaceCaller) -> str:
    """The last 10,000 characters that a job printed; 404 while it has not ended."""
    job = parse_job_id(id)
    async with caller.transaction() as connection:
        progress = await find_progress(connection, caller.principal, job)
        if not progress.is_finished:
            raise NotFound(f"job {job} has not ended yet")
        return await log_tail(caller.context.read_log, connection, job, progress.attempt, TAIL_UNITS)


@router.get("/get_flow_all_logs/{id}", response_class=PlainTextResponse)
async def get_flow_all_logs(id: str, caller: WorkspaceCaller) -> Response:
    """The logs of a job and of those below it, each under a line that names its job."""
    async with caller.transaction() as connection:
        members, _ = await read_tree(connection, caller.principal, parse_job_id(id))
    return StreamingResponse(_logs_of(caller, members), media_type=_TEXT)


@router.get("/get_flow_all_logs_structured/{id}", response_model=list[LogsOfMember])
async def get_flow_all_logs_structured(id: str, caller: WorkspaceCaller) -> Response:
    """The same as a list; of each log the beginning, as in the job's own record."""
    async with caller.transaction() as connection:
        members, _ = await read_tree(connection, caller.principal, parse_job_id(id))
        shown = [
            show_member(member) | {"logs": await log_head(connection, caller, member.run)}
            for member in members
        ]
    return json_response(shown)


async def _range_of(log: Log, header: str, headers: dict[str, str]) -> Response:
    size = await log.size()
    wanted = read_range(header, size)
    if wanted is None:
        return PlainTextResponse(
            f"Range: there are {size} bytes", 416, headers | {"Content-Range": f"bytes */{size}"}
        )
    start, stop = wanted
    said = {"Content-Range": f"bytes {start}-{stop - 1}/{size}", "Content-Length": str(stop - start)}
    return StreamingResponse(log.bytes_between(start, stop), 206, headers | said, _TEXT)


async def _logs_of(caller: Caller, members: list[Member]) -> AsyncIterator[str]:
    for number, member in enumerate(members):
        yield f"{chr(10) if number else ''}==> {member.label} ({member.run.id}) <==\n"
        async for piece in Log(caller, member.run.id, member.run.attempt).pieces():
            yield piece
