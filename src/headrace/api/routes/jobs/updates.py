"""Routes that tell what is new of a job: asked again and again, or as a stream of events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from headrace.api.context import TURN_TO_FOLLOW, WorkspaceCaller, read_token
from headrace.api.events import OVER, EventStream, Wish, begin, follow, read_place
from headrace.api.feeds import Followed
from headrace.api.schemas.answers import json_response
from headrace.api.schemas.job_shapes import JobUpdates
from headrace.api.schemas.jobs import show_update
from headrace.api.update import Seen, Update, read_update
from headrace.api.waiting import next_news
from headrace.clock import monotonic
from headrace.model.ids import parse_job_id

router = APIRouter(prefix="/w/{workspace}/jobs_u", tags=["job"])

UPDATE_WAIT_SECONDS = 1.0
"""How long getupdate waits for something new: clients ask again at once."""
_MOST_LOG_OFFSET = 10**15
_Offset = Annotated[int, Query(ge=0, le=_MOST_LOG_OFFSET)]

_EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
ANSWERS_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events; the data of each is JSON, with its `type`: update, ping, timeout, error or"
        " not_found. An update is as of `getupdate`; the last one has `completed`, `only_result` and `job`.",
        "content": {"text/event-stream": {"itemSchema": _EVENT}},
    }
}


@router.get("/getupdate/{id}", response_model=JobUpdates)
async def get_job_updates(
    id: str,
    caller: WorkspaceCaller,
    running: bool = False,
    log_offset: _Offset = 0,
    stream_offset: _Offset = 0,
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
                update = await read_update(connection, caller.context.read_log, caller.principal, job, seen)
            has_gone_on = get_progress and first is not None and first.percent != update.percent
            if update.is_news_to(seen) or has_gone_on or monotonic() >= until:
                return json_response(show_update(update, with_progress=get_progress))
            first = first or update
            await next_news(news, until - monotonic())


@router.get(
    "/getupdate_sse/{id}",
    response_class=StreamingResponse,
    responses=ANSWERS_EVENTS,
    dependencies=[TURN_TO_FOLLOW],
)
async def get_job_updates_sse(
    id: str,
    request: Request,
    caller: WorkspaceCaller,
    running: bool = False,
    log_offset: _Offset = 0,
    stream_offset: _Offset = 0,
    get_progress: bool = False,
    only_result: bool = False,
    no_logs: bool = False,
    fast: Annotated[bool, Query(description="Changes nothing: news is always told at once.")] = False,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """The same as server-sent events, until the job has ended; ``Last-Event-ID`` goes on after a cut."""
    _ = fast
    if last_event_id == OVER:
        # By this answer a browser learns that there is nothing to connect to again.
        return Response(status_code=204)
    seen = Seen(running, log_offset, stream_offset, no_logs=no_logs)
    if last_event_id:
        seen = read_place(last_event_id, no_logs=no_logs)
    followed = Followed(read_token(request), caller.workspace, parse_job_id(id), only_result)
    wish = Wish(seen, is_resumed=bool(last_event_id), with_progress=get_progress)
    return EventStream(await begin(follow(caller.context, followed, wish)))
