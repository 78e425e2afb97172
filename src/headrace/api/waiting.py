"""Requests that wait for news of a job."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from headrace.db.listen import JOBS_CHANGED

if TYPE_CHECKING:
    from headrace.db.listen import Switchboard
    from headrace.model.ids import JobId

POLL_SECONDS = 1.0
"""A lost notification costs a waiting request at most this long."""


class Waiters:
    """Who waits for which job, in this process."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._events: dict[str, set[asyncio.Event]] = defaultdict(set)
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

    def _heard(self, job: str) -> None:
        if job == "":
            # Listening began again: anything may have happened in between.
            for events in self._events.values():
                for event in events:
                    event.set()
            return
        for event in self._events.get(job, ()):
            event.set()


async def next_news(event: asyncio.Event, most_seconds: float) -> None:
    """Wait for news, or for as long as may pass without asking the database."""
    with suppress(TimeoutError):
        # Not wait_for: in Python 3.11 it can lose a cancellation that comes with the event.
        async with asyncio.timeout(max(0.0, min(most_seconds, POLL_SECONDS))):
            await event.wait()
    event.clear()
