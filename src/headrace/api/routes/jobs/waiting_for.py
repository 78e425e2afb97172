"""Holds a request until its job ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import PlainTextResponse

from headrace.api.result_answers import result_response
from headrace.api.waiting import next_news
from headrace.clock import monotonic
from headrace.store import runs

if TYPE_CHECKING:
    from fastapi import Request, Response

    from headrace.api.context import Caller
    from headrace.model.ids import JobId


async def wait_for_result(caller: Caller, request: Request, job: JobId, status_code: int = 200) -> Response:
    """Answer with a job's result, also an error's, when it comes.

    After ``wait_result_seconds`` the answer is a 504 that names the job, which goes on; it also goes on
    when the client goes away.
    """
    settings = caller.context.settings
    until = monotonic() + settings.wait_result_seconds
    with caller.context.waiters.news_of(job) as news:
        while True:
            async with caller.transaction() as connection:
                ended = await runs.read_result(connection, caller.workspace, job)
            if ended is not None:
                return await result_response(caller.context.blobs, ended[1], status_code)
            left = until - monotonic()
            if left <= 0 or await request.is_disconnected():
                return PlainTextResponse(
                    f"job {job} did not end within {settings.wait_result_seconds:g} s; it goes on, and its"
                    f" result can be had from jobs_u/completed/get_result_maybe/{job}",
                    504,
                )
            await next_news(news, left)
