"""A job's news as server-sent events, from a place at which somebody stands until the job has ended.

Each event has an id that names the place after it: attempt, offsets of log and stream, whether it runs.
Whoever comes with one in ``Last-Event-ID`` goes on there: no line is lost or told twice, by whichever server.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi.responses import StreamingResponse

from headrace.api.errors import told
from headrace.api.feeds import Source
from headrace.api.schemas.answers import encode, with_raw
from headrace.api.schemas.jobs import show_update
from headrace.api.update import Seen, Update
from headrace.api.waiting import POLL_SECONDS, next_news
from headrace.clock import monotonic
from headrace.errors import Damaged, InvalidInput, NotAuthenticated, NotFound, Unavailable

if TYPE_CHECKING:
    from starlette.types import Send

    from headrace.api.context import Context
    from headrace.api.feeds import Feed, Followed, Look

PACE_SECONDS = 0.1
"""Least time between two updates of one stream."""
PING_SECONDS = 30.0
"""Longest silence of a stream."""
LONGEST_SECONDS = 86400.0
"""A stream that lasts longer says ``timeout`` and ends."""
OVER = "over"
"""The id of the last event: there is nothing after it."""

_PLACE = re.compile(r"(\d{1,9})-(\d{1,15})-(\d{1,15})-([01])")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a follower asks for besides the job."""

    seen: Seen
    is_resumed: bool = False
    with_progress: bool = False
    pace_seconds: float = PACE_SECONDS


class EventStream(StreamingResponse):
    """Events as an answer. What makes them is let go of as soon as the reader is gone."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes, None], headers: dict[str, str] | None = None) -> None:
        self._events = events
        super().__init__(
            events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", **(headers or {})}
        )

    async def stream_response(self, send: Send) -> None:
        """Send events as they come; waits where the reader is slow."""
        async with aclosing(self._events):
            await super().stream_response(send)


def read_place(text: str, *, no_logs: bool = False) -> Seen:
    """Where an event's id says that somebody stands; raises InvalidInput."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise InvalidInput("Last-Event-ID", "is not the id of an event of ours")
    return Seen(found[4] == "1", int(found[2]), int(found[3]), no_logs=no_logs, attempt=int(found[1]))


async def begin(events: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same events once the first is there, so that what forbids them is an answer and no event."""
    first = await anext(events)

    async def all_of_them() -> AsyncGenerator[bytes, None]:
        async with aclosing(events):
            yield first
            async for event in events:
                yield event

    return all_of_them()


async def follow(context: Context, followed: Followed, wish: Wish) -> AsyncGenerator[bytes, None]:
    """A job's events until it has ended. Raises before the first one what a look at the job raises."""
    waiters = context.waiters
    source = Source(context.pool, waiters, context.blobs, context.read_log)
    with waiters.news_of(followed.job) as news, context.feeds.follow(source, followed) as feed:
        events = _Events(feed, wish)
        yield await events.first()
        until = monotonic() + LONGEST_SECONDS
        while not events.is_over and not waiters.is_closing:
            await next_news(news, events.seconds_to_wait, PING_SECONDS)
            if waiters.is_closing:
                return
            if monotonic() > until:
                yield _event({"type": "timeout"})
                return
            if event := await events.next():
                yield event
                await asyncio.sleep(0 if events.is_over else wish.pace_seconds)


class _Events:
    """Makes one follower's events of looks at the job."""

    def __init__(self, feed: Feed, wish: Wish) -> None:
        self.is_over = False
        self._feed = feed
        self._wish = wish
        self._seen = wish.seen
        self._percent: int | None = None
        self._has_more = False
        self._pause = POLL_SECONDS
        self._told_at = monotonic()

    @property
    def seconds_to_wait(self) -> float:
        """How long to wait for news before looking without any."""
        return 0.0 if self._has_more else self._pause

    async def first(self) -> bytes:
        """What there is to begin with: something in any case, so that the reader knows that it is heard."""
        look = await self._feed.look(self._seen)
        if self._wish.is_resumed and not self._is_news(look.update):
            self._note(look)
            return b": nothing new\n\n"
        return self._told(look)

    async def next(self) -> bytes | None:
        """The next event, if there is one to tell."""
        try:
            look = await self._feed.look(self._seen)
        except NotFound:
            return self._last({"type": "not_found"})
        except (NotAuthenticated, Damaged) as error:
            return self._last({"type": "error", "error": told(error)})
        except Unavailable:
            return self._silence()
        if self._is_news(look.update):
            return self._told(look)
        return self._silence()

    def _is_news(self, update: Update) -> bool:
        has_gone_on = self._wish.with_progress and update.percent != self._percent
        is_again = self._seen.attempt not in (None, update.attempt)
        return has_gone_on or is_again or update.is_news_to(self._seen)

    def _told(self, look: Look) -> bytes:
        self._note(look)
        self._pause = POLL_SECONDS
        self._told_at = monotonic()
        fields = {
            "type": "update",
            **show_update(look.update, with_progress=self._wish.with_progress),
            "attempt": look.update.attempt,
        }
        if look.end is not None:
            self.is_over = True
            return _event(fields, look.end, OVER)
        if self._has_more and look.update.is_finished:
            fields["completed"] = False
        return _event(fields, place=_place(self._seen))

    def _note(self, look: Look) -> None:
        update = look.update
        self._seen = Seen(
            update.is_running,
            update.log_offset,
            update.stream_offset,
            no_logs=self._seen.no_logs,
            attempt=update.attempt,
        )
        self._percent = update.percent
        self._has_more = update.is_partial

    def _silence(self) -> bytes | None:
        self._pause = min(2 * self._pause, PING_SECONDS)
        if monotonic() - self._told_at < PING_SECONDS:
            return None
        self._told_at = monotonic()
        return _event({"type": "ping"}, place=_place(self._seen))

    def _last(self, fields: dict[str, str]) -> bytes:
        self.is_over = True
        return _event(fields)


def _place(seen: Seen) -> str:
    return f"{seen.attempt or 0}-{seen.log_offset}-{seen.stream_offset}-{int(seen.is_running)}"


def _event(
    fields: dict[str, Any],
    raw: dict[str, bytes | None] | None = None,
    place: str | None = None,
) -> bytes:
    """One event. Between the parts of a JSON text a line may end; within one of them it can't."""
    data = with_raw(fields, raw) if raw else encode(fields)
    one_line = data.replace(b"\r", b" ").replace(b"\n", b" ")
    head = b"id: %s\n" % place.encode() if place else b""
    return head + b"data: " + one_line + b"\n\n"
