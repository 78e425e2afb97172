"""NOTIFY, coalesced and after commit, and LISTEN, on a connection of its own.

A notification only wakes somebody early: it may be lost, doubled or late, and polling covers it.
It is sent from here and never inside a transaction that changes state, because PostgreSQL takes
one global lock for those at commit (a third of the throughput, measured).
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from headrace.db.connection import Login, connect
from headrace.db.failures import is_outage
from headrace.errors import Unavailable

if TYPE_CHECKING:
    import asyncpg

log = logging.getLogger(__name__)

JOBS_DUE = "headrace_jobs_due"
"""Payload: the tags of jobs that can be claimed now."""
JOBS_LATER = "headrace_jobs_later"
"""Payload: ids of jobs that wait for a time, which the leader must know of."""
JOBS_CHANGED = "headrace_jobs_changed"
"""Payload: ids of jobs that started, wrote logs, or ended: for those who wait for them."""
LOCKS_CHANGED = "headrace_locks_changed"
"""Payload: workspaces in which a lock was made, or what locks are made of changed: for the leader."""
JOBS_CANCELED = "headrace_jobs_canceled"
"""Payload: ids of jobs that somebody wants to end: for the workers that run them."""

CHECK_SECONDS = 15.0
PACE_SECONDS = 0.005
"""A second notification waits so long for others that can go with it; the first goes at once."""
ANSWER_SECONDS = 10.0

_LONGEST_PAYLOAD = 7900
_NOTIFY = "select pg_notify(channel, payload) from unnest($1::text[], $2::text[]) as note (channel, payload)"
Listener = Callable[[str], None]


class Switchboard:
    """One connection that both listens and notifies, reconnecting for as long as it runs."""

    def __init__(self, login: Login, application: str) -> None:
        self._login = login
        self._application = application
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._pending: dict[str, set[str]] = defaultdict(set)
        self._something_pending = asyncio.Event()

    def listen(self, channel: str, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with each word of each payload of ``channel``; returns what undoes it.

        Listen before ``run`` starts, or on a channel that somebody already listens to.
        """
        self._listeners[channel].append(listener)
        return lambda: self._listeners[channel].remove(listener)

    def notify(self, channel: str, words: set[str]) -> None:
        """Send words without spaces, soon. Never waits and never fails."""
        if words:
            self._pending[channel] |= words
            self._something_pending.set()

    async def run(self) -> None:
        """Listen and notify until cancelled."""
        pause = 0.05
        while True:
            try:
                await self._run_once()
                pause = 0.05
            except Unavailable:
                pass
            except Exception as error:
                if not is_outage(error):
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    async def _run_once(self) -> None:
        connection = await connect(self._login, f"{self._application} notify")
        lost = asyncio.Event()

        def hang_up(_: object) -> None:
            lost.set()
            self._something_pending.set()

        connection.add_termination_listener(hang_up)
        try:
            for channel in list(self._listeners):
                await connection.add_listener(channel, self._heard)
                # What was said while nobody listened is unknown, so everybody looks for themselves.
                self._deliver(channel, [])
            while not lost.is_set():
                with suppress(TimeoutError):
                    # Not wait_for: in Python 3.11 it can lose a cancellation that comes with the event.
                    async with asyncio.timeout(CHECK_SECONDS):
                        await self._something_pending.wait()
                if not self._something_pending.is_set():
                    # A way that is cut in silence is noticed only by asking.
                    await connection.execute("select 1", timeout=ANSWER_SECONDS)
                self._something_pending.clear()
                await self._send(connection)
                await asyncio.sleep(PACE_SECONDS)
        finally:
            connection.terminate()

    async def _send(self, connection: asyncpg.Connection[Any]) -> None:
        pending, self._pending = self._pending, defaultdict(set)
        notes = [(channel, payload) for channel, words in pending.items() for payload in _payloads(words)]
        if not notes:
            return
        channels, payloads = zip(*notes, strict=True)
        try:
            await connection.execute(_NOTIFY, channels, payloads, timeout=ANSWER_SECONDS)
        except BaseException:
            # They may have been heard; to be told twice does no harm.
            for channel, words in pending.items():
                self.notify(channel, words)
            raise

    def _heard(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        self._deliver(channel, str(payload).split())

    def _deliver(self, channel: str, words: list[str]) -> None:
        for listener in list(self._listeners[channel]):
            for word in words or [""]:
                listener(word)


def _payloads(words: set[str]) -> Iterator[str]:
    """The words, as few texts as they go into."""
    payload: list[str] = []
    size = 0
    for word in words:
        if payload and size + len(word) >= _LONGEST_PAYLOAD:
            yield " ".join(payload)
            payload, size = [], 0
        payload.append(word)
        size += len(word) + 1
    if payload:
        yield " ".join(payload)
