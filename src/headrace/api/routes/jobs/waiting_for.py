"""Holds a request until its job ends. Between looks it has no connection to the database."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from headrace.api.context import TURN_TO_WAIT, Caller, WorkspaceCaller
from headrace.api.result_answers import whole_result
from headrace.api.waiting import next_news
from headrace.clock import monotonic
from headrace.db.failures import retried
from headrace.db.listen import JOBS_CANCELED, JOBS_CHANGED, JOBS_DUE
from headrace.errors import InvalidInput, JobFailed, NotInTime
from headrace.lifecycle.cancel import cancel
from headrace.model.outcome import Status
from headrace.store import audit, runs

if TYPE_CHECKING:
    from headrace.lifecycle.finish import Finished
    from headrace.lifecycle.launch import Wish
    from headrace.model.ids import JobId


_FIRST_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Waiter:
    """A request that waits for a job, and what becomes of the job where the client goes away."""

    request: Request
    caller: Caller
    cancel_on_disconnect: bool = False

    def limit(self, wish: Wish) -> Wish:
        """The wish, with the limit by setting to how many jobs may wait before it, where there is one.

        Raises InvalidInput for one with retries: who waits is there to try again.
        """
        if wish.retry is not None:
            raise InvalidInput("retry", "is not for calls that wait for the result; leave it out")
        limit = self.caller.context.settings.queue_limit_wait_result
        return wish if limit is None else dataclasses.replace(wish, queue_limit=limit)

    async def success_of(self, job: JobId) -> bytes:
        """The result of a job that has to succeed. Raises JobFailed, and what ``result_of`` raises."""
        status, result = await self.result_of(job)
        if status not in (Status.SUCCESS, Status.SKIPPED):
            raise JobFailed(f"job {job} has not succeeded: {_message(result)}")
        return result

    async def result_of(self, job: JobId) -> tuple[Status, bytes]:
        """How a job that was just started has ended, as soon as it has, and its result as JSON.

        Raises NotInTime after ``wait_result_seconds``, ClientDisconnect where nobody waits any more, and
        Damaged or Unavailable where the result can't be read.
        """
        caller = self.caller
        limit = caller.context.settings.wait_result_seconds
        until = monotonic() + limit
        with caller.context.waiters.news_of(job) as news:
            async with _until_gone(self.request, news) as is_gone:
                # No look at what has just been started; news of it may have come before we listened.
                await next_news(news, limit, _FIRST_LOOK_SECONDS)
                while True:
                    async with caller.transaction() as connection:
                        ended = await runs.read_result(connection, caller.workspace, job)
                    if ended is not None:
                        status, result = ended
                        return status, await whole_result(caller.context.blobs, result)
                    if is_gone.is_set():
                        await self._leave(job)
                    if (left := until - monotonic()) <= 0:
                        raise NotInTime(
                            f"job {job} did not end within {limit:g} s; it goes on, and its result can be had"
                            f" from jobs_u/completed/get_result_maybe/{job}"
                        )
                    await next_news(news, left)

    async def _leave(self, job: JobId) -> None:
        if self.cancel_on_disconnect:
            await _cancel(self.caller, job)
        raise ClientDisconnect


async def _waiter(
    request: Request,
    caller: WorkspaceCaller,
    _turn: Annotated[None, TURN_TO_WAIT],
    cancel_on_disconnect: bool = False,
) -> Waiter:
    return Waiter(request, caller, cancel_on_disconnect)


Wait = Annotated[Waiter, Depends(_waiter)]


def _message(result: bytes) -> str:
    match json.loads(result):
        case {"error": {"message": str(message)}}:
            return message
        case _:
            return result.decode()


@asynccontextmanager
async def _until_gone(request: Request, news: asyncio.Event) -> AsyncIterator[asyncio.Event]:
    """An event that is set when the client goes away; that is news, too."""
    is_gone = asyncio.Event()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        is_gone.set()
        news.set()

    watching = asyncio.create_task(watch())
    try:
        yield is_gone
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _cancel(caller: Caller, job: JobId) -> None:
    by = caller.principal.username

    async def transaction() -> Finished | None:
        async with caller.transaction() as connection:
            finished = await cancel(connection, job, by, "the caller went away")
            if finished is not None:
                await audit.write(connection, caller.principal, "jobs.cancel", "Updated", str(job))
            return finished

    if (finished := await retried(transaction)) is not None:
        for channel in (JOBS_CANCELED, JOBS_CHANGED):
            caller.context.switchboard.notify(channel, {str(job)})
        caller.context.switchboard.notify(JOBS_DUE, finished.due_tags)
