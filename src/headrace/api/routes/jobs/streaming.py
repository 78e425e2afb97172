"""Routes that start a job and answer with its events, as ``getupdate_sse`` tells them, to its end.

Told are what the job streams and its result, not its log. When the reader goes away the job goes on, and can
be followed by the address in ``Content-Location``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from headrace.api.arguments.call import Call, CallByGet
from headrace.api.arguments.described import TAKES_ARGUMENTS
from headrace.api.context import TURN_TO_FOLLOW, WorkspaceCaller, read_token
from headrace.api.events import PACE_SECONDS, EventStream, Wish, begin, follow
from headrace.api.feeds import Followed
from headrace.api.routes.jobs.launching import IdempotencyKey, launch_path, launch_version
from headrace.api.routes.jobs.updates import ANSWERS_EVENTS
from headrace.api.update import Seen
from headrace.errors import InvalidInput
from headrace.lifecycle import launch

if TYPE_CHECKING:
    from headrace.api.context import Caller
    from headrace.model.ids import JobId

router = APIRouter(prefix="/w/{workspace}/jobs/run_and_stream", tags=["job"], dependencies=[TURN_TO_FOLLOW])


def _pace(
    poll_delay_ms: Annotated[
        int, Query(ge=0, le=10_000, description="Least time between two events, 100 at least.")
    ] = 100,
) -> float:
    return max(PACE_SECONDS, poll_delay_ms / 1000)


Pace = Annotated[float, Depends(_pace)]


@router.post(
    "/p/{path:path}",
    response_class=StreamingResponse,
    responses=ANSWERS_EVENTS,
    openapi_extra=TAKES_ARGUMENTS,
)
async def run_and_stream_script_by_path(
    path: str, call: Call, request: Request, caller: WorkspaceCaller, key: IdempotencyKey, pace: Pace
) -> Response:
    """Run the newest version of a script and answer with its events."""
    return await _stream(caller, request, await launch_path(caller, path, _followable(call), key), pace)


@router.get("/p/{path:path}", response_class=StreamingResponse, responses=ANSWERS_EVENTS)
async def run_and_stream_script_by_path_get(
    path: str, call: CallByGet, request: Request, caller: WorkspaceCaller, key: IdempotencyKey, pace: Pace
) -> Response:
    """The same by GET, with the arguments as base64url of a JSON object in ``payload``."""
    return await _stream(caller, request, await launch_path(caller, path, _followable(call), key), pace)


@router.post(
    "/h/{hash}", response_class=StreamingResponse, responses=ANSWERS_EVENTS, openapi_extra=TAKES_ARGUMENTS
)
async def run_and_stream_script_by_hash(
    hash: str, call: Call, request: Request, caller: WorkspaceCaller, key: IdempotencyKey, pace: Pace
) -> Response:
    """Run one version of a script, also one that has been superseded, and answer with its events."""
    return await _stream(caller, request, await launch_version(caller, hash, _followable(call), key), pace)


@router.get("/h/{hash}", response_class=StreamingResponse, responses=ANSWERS_EVENTS)
async def run_and_stream_script_by_hash_get(
    hash: str, call: CallByGet, request: Request, caller: WorkspaceCaller, key: IdempotencyKey, pace: Pace
) -> Response:
    """The same by GET, with the arguments as base64url of a JSON object in ``payload``."""
    return await _stream(caller, request, await launch_version(caller, hash, _followable(call), key), pace)


def _followable(wish: launch.Wish) -> launch.Wish:
    if wish.retry is not None:
        raise InvalidInput("retry", "is not for calls that follow one job; leave it out")
    return wish


async def _stream(caller: Caller, request: Request, job: JobId, pace: float) -> Response:
    followed = Followed(read_token(request), caller.workspace, job, only_result=True)
    wish = Wish(Seen(no_logs=True), pace_seconds=pace)
    again = f"/api/w/{caller.workspace}/jobs_u/getupdate_sse/{job}?only_result=true&no_logs=true"
    events = await begin(follow(caller.context, followed, wish))
    return EventStream(events, headers={"Content-Location": again})
