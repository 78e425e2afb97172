"""Looks at jobs that are followed: one look at the database serves all who stand at the same place.

A feed is one job as the holders of one token follow it. It keeps no connection between two looks, and asks at
each look again who the token belongs to and what they may see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headrace.api.schemas.jobs import show_end
from headrace.api.sight import see_run
from headrace.api.update import Seen, Update, read_update
from headrace.clock import monotonic
from headrace.db.transaction import acting_as, nobody
from headrace.permissions.identity import authenticate
from headrace.store import runs

if TYPE_CHECKING:
    from headrace.api.waiting import Waiters
    from headrace.db.connection import Connection, Pool
    from headrace.model.ids import JobId
    from headrace.model.principal import Principal

FRESH_SECONDS = 1.0
"""A look serves those who come at most this much later, unless there was news in between."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A job, by whose right it is followed, and whether its end tells no more of it than the result."""

    token: str = field(repr=False)
    workspace: str
    job: JobId
    only_result: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found. ``end`` is there once all of the log has been told: members of a JSON object."""

    update: Update
    end: dict[str, bytes | None] | None


@dataclass(frozen=True, slots=True)
class _Asked:
    seen: Seen
    begun_at: float
    look: asyncio.Task[Look]


class Feed:
    """One job as the holders of one token follow it."""

    def __init__(self, pool: Pool, waiters: Waiters, followed: Followed) -> None:
        self.followers = 0
        self._pool = pool
        self._waiters = waiters
        self._followed = followed
        self._newest: _Asked | None = None

    async def look(self, seen: Seen) -> Look:
        """What is new to somebody who has seen so much.

        Raises NotFound where the job can't be seen any more, NotAuthenticated where the token is no good any
        more, and Unavailable in an outage.
        """
        oldest = max(self._waiters.heard_at(self._followed.job), monotonic() - FRESH_SECONDS)
        asked = self._newest
        if asked is None or asked.seen != seen or asked.begun_at < oldest:
            asked = _Asked(seen, monotonic(), asyncio.create_task(self._read(seen)))
            asked.look.add_done_callback(_heed)
            self._newest = asked
        try:
            # A follower that goes away takes nothing from the others.
            return await asyncio.shield(asked.look)
        finally:
            if self.followers == 1:
                self._newest = None

    async def _read(self, seen: Seen) -> Look:
        followed = self._followed
        async with nobody(self._pool) as connection:
            principal = await authenticate(connection, followed.token, followed.workspace)
        async with acting_as(self._pool, principal) as connection:
            update = await read_update(connection, principal, followed.job, seen)
            is_over = update.is_finished and not update.is_partial
            return Look(update, await self._read_end(connection, principal) if is_over else None)

    async def _read_end(self, connection: Connection, principal: Principal) -> dict[str, bytes | None]:
        followed = self._followed
        ended = await runs.read_result(connection, followed.workspace, followed.job)
        run = None if followed.only_result else await see_run(connection, principal, followed.job)
        return show_end(ended[1] if ended else None, run)


class Feeds:
    """All feeds of this process, each for as long as somebody follows."""

    def __init__(self) -> None:
        self._feeds: dict[Followed, Feed] = {}

    @contextmanager
    def follow(self, pool: Pool, waiters: Waiters, followed: Followed) -> Iterator[Feed]:
        """The feed of a job while the block lasts."""
        feed = self._feeds.setdefault(followed, Feed(pool, waiters, followed))
        feed.followers += 1
        try:
            yield feed
        finally:
            feed.followers -= 1
            if not feed.followers:
                del self._feeds[followed]


def _heed(look: asyncio.Task[Look]) -> None:
    """Take note of how a look ended, in case that all who wanted it have gone."""
    if not look.cancelled():
        look.exception()
