"""Requests that wait for news of a job."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from headrace.api.entrance.turns import Turns
from headrace.clock import monotonic
from headrace.db.listen import JOBS_CHANGED

if TYPE_CHECKING:
    from headrace.db.listen import Switchboard
    from headrace.model.ids import JobId

POLL_SECONDS = 1.0
"""A lost notification costs a waiting request at most this long."""
_NEVER = float("-inf")


class Waiters:
    """Who waits for which job, in this process."""

    def __init__(self, switchboard: Switchboard, most: int = 1000, most_of_one: int = 100) -> None:
        """``most`` requests may take a turn at once, and ``most_of_one`` caller."""
        self.turns = Turns("requests", "wait for jobs", "most_waits", most, most_of_one)
        self._events: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._heard_at: dict[str, float] = {}
        self.is_closing = False
        """Whether the server ends: whoever follows a job for long lets go."""
        switchboard.listen(JOBS_CHANGED, self._heard)

    @contextmanager
    def news_of(self, job: JobId) -> Iterator[asyncio.Event]:
        """An event that is set at each piece of news of a job while the block lasts.

        Take it before looking at the job, so that nothing happens unseen in between.
        """
        event = asyncio.Event()
        key = str(job)
        self._events[key].add(event)
        try:
            yield event
        finally:
            self._events[key].discard(event)
            if not self._events[key]:
                del self._events[key]
                self._heard_at.pop(key, None)

    def heard_at(self, job: JobId) -> float:
        """When the newest news of a job came that somebody waits for, by the monotonic clock."""
        return self._heard_at.get(str(job), _NEVER)

    def close(self) -> None:
        """Wake everybody, for the last time."""
        self.is_closing = True
        self._heard("")

    def _heard(self, job: str) -> None:
        # An empty word says that listening began again: anything may have happened in between.
        for key in list(self._events) if job == "" else [job]:
            if key in self._events:
                self._heard_at[key] = monotonic()
                for event in self._events[key]:
                    event.set()


async def next_news(event: asyncio.Event, most_seconds: float, poll_seconds: float = POLL_SECONDS) -> None:
    """Wait for news, or for as long as may pass without asking the database: ``poll_seconds``."""
    with suppress(TimeoutError):
        # Not wait_for: in Python 3.11 it can lose a cancellation that comes with the event.
        async with asyncio.timeout(max(0.0, min(most_seconds, poll_seconds))):
            await event.wait()
    event.clear()
