"""Routes that tell a job's result, as it was returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from headrace.api.conditional import is_known, tag_of, tagged
from headrace.api.context import WorkspaceCaller
from headrace.api.result_answers import result_response, with_result
from headrace.api.routes.jobs.tree import read_tree, show_member
from headrace.api.schemas.answers import encode, json_response, without_none
from headrace.api.schemas.job_shapes import ResultMaybe, TreeResults
from headrace.errors import InvalidInput, NotFound
from headrace.lifecycle.find_run import find_progress
from headrace.model.ids import parse_job_id
from headrace.model.outcome import Status
from headrace.store import runs

if TYPE_CHECKING:
    from headrace.blobs.blobs import Blobs
    from headrace.model.blob import Blob
    from headrace.model.run import Run

router = APIRouter(prefix="/w/{workspace}/jobs_u", tags=["job"])

_LONGEST_CHARACTER = 4


@router.get("/completed/get_result/{id}", response_model=Any)
async def get_completed_job_result(
    id: str,
    caller: WorkspaceCaller,
    suspended_job: str | None = None,
    resume_id: str | None = None,
    secret: str | None = None,
    approver: str | None = None,
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """The result of a job that has ended, as it was returned; 404 while it has not."""
    job = parse_job_id(id)
    _refuse(suspended_job=suspended_job, resume_id=resume_id, secret=secret, approver=approver)
    async with caller.transaction() as connection:
        progress = await find_progress(connection, caller.principal, job)
        tag = tag_of(job, progress)
        if is_known(tag, if_none_match):
            return tagged(Response(status_code=304), tag)
        ended = await runs.read_result(connection, caller.workspace, job) if progress.is_finished else None
    if ended is None:
        raise NotFound(f"job {job} has not ended yet")
    return tagged(await result_response(caller.context.blobs, ended[1]), tag)


@router.get("/completed/get_result_maybe/{id}", response_model=ResultMaybe)
async def get_completed_job_result_maybe(
    id: str,
    caller: WorkspaceCaller,
    get_started: Annotated[bool, Query(description="Changes nothing: it is always told.")] = True,
) -> Response:
    """Whether a job has started and ended, and its result if so. All keys are always there."""
    _ = get_started
    job = parse_job_id(id)
    async with caller.transaction() as connection:
        progress = await find_progress(connection, caller.principal, job)
        ended = await runs.read_result(connection, caller.workspace, job)
    if ended is None:
        started = progress.started_at is not None
        return json_response({"completed": False, "started": started, "success": None, "result": None})
    status, result = ended
    is_success = status in (Status.SUCCESS, Status.SKIPPED)
    shown = encode({"completed": True, "started": True, "success": is_success})
    return await with_result(caller.context.blobs, shown, result)


@router.get("/get_flow_all_results/{id}", response_model=TreeResults)
async def get_flow_all_results(
    id: str,
    caller: WorkspaceCaller,
    max_result_len: Annotated[int, Query(ge=0, le=30_000)] = 2000,
    step: str | None = None,
) -> Response:
    """What became of a job and of those below it, each with the beginning of its result.

    ``result_length`` counts characters; of a result that lies in the blob store, of which no more is read
    than is shown, it counts bytes.
    """
    job = parse_job_id(id)
    async with caller.transaction() as connection:
        members, is_cut = await read_tree(connection, caller.principal, job)
        shown = members if step is None else []
        ends = [await runs.read_result(connection, caller.workspace, member.run.id) for member in shown]
    entries: list[dict[str, Any]] = []
    for member, ended in zip(shown, ends, strict=True):
        begun = await _begin(caller.context.blobs, ended[1], max_result_len) if ended else {}
        entries.append(show_member(member) | _become(member.run) | begun)
    root = members[0].run
    return json_response(
        without_none(
            entries=entries,
            truncated=is_cut,
            enclosing_job=root.root_job if root.root_job != root.id else None,
            step_error=None if step is None else f"job {job} is a script's and has no step {step}",
        )
    )


def _become(run: Run) -> dict[str, Any]:
    return without_none(
        status=run.status.value,
        success=run.status in (Status.SUCCESS, Status.SKIPPED) if run.is_finished else None,
        duration_ms=run.duration_ms,
        started_at=run.started_at,
    )


async def _begin(blobs: Blobs, result: bytes | Blob, most: int) -> dict[str, Any]:
    if isinstance(result, bytes):
        text = result.decode()
        return {"result_prefix": text[:most], "result_length": len(text)}
    data = b"".join([piece async for piece in blobs.stream(result, 0, most * _LONGEST_CHARACTER)])
    # The last character may be cut.
    text = data.decode("utf-8", "ignore")
    length = len(text) if len(data) == result.size else result.size
    return {"result_prefix": text[:most], "result_length": length}


def _refuse(**given: str | None) -> None:
    for name, value in given.items():
        if value is not None:
            raise InvalidInput(name, "is not supported; leave it out")
