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

from headrace.api.entrance.turns import Turns
from headrace.api.result_answers import whole_result
from headrace.api.schemas.jobs import show_end
from headrace.api.update import Seen, Update, read_update
from headrace.clock import monotonic
from headrace.db.transaction import acting_as, nobody
from headrace.lifecycle.find_run import find_run
from headrace.permissions.identity import authenticate
from headrace.store import runs

if TYPE_CHECKING:
    from headrace.api.update import ReadChunks
    from headrace.api.waiting import Waiters
    from headrace.blobs.blobs import Blobs
    from headrace.db.connection import Connection, Pool
    from headrace.model.blob import Blob
    from headrace.model.ids import JobId
    from headrace.model.principal import Principal
    from headrace.model.run import Run

FRESH_SECONDS = 1.0
"""A look serves those who come at most this much later, unless there was news in between."""


MOST_LOOKS = 8
"""How many looks, from different places, are kept for those who come a little later."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A job, by whose right it is followed, and whether its end tells no more of it than the result."""

    token: str = field(repr=False)
    workspace: str
    job: JobId
    only_result: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Where looks find what there is, and what tells that there is news."""

    pool: Pool
    waiters: Waiters
    blobs: Blobs
    read_log: ReadChunks


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found. ``end`` is there once all of the log has been told: members of a JSON object."""

    update: Update
    end: dict[str, bytes | None] | None


@dataclass(frozen=True, slots=True)
class _Asked:
    begun_at: float
    look: asyncio.Task[Look]


class Feed:
    """One job as the holders of one token follow it."""

    def __init__(self, source: Source, followed: Followed) -> None:
        self.followers = 0
        self._source = source
        self._followed = followed
        self._asked: dict[Seen, _Asked] = {}

    async def look(self, seen: Seen) -> Look:
        """What is new to somebody who has seen so much.

        Raises NotFound where the job can't be seen any more, NotAuthenticated where the token is no good any
        more, Unavailable in an outage, and Damaged where the result is not what was stored.
        """
        oldest = max(self._source.waiters.heard_at(self._followed.job), monotonic() - FRESH_SECONDS)
        asked = self._asked.get(seen)
        if asked is None or asked.begun_at < oldest:
            asked = self._ask(seen, oldest)
        try:
            # A follower that goes away takes nothing from the others.
            return await asyncio.shield(asked.look)
        finally:
            if self.followers == 1:
                self._asked.clear()

    def _ask(self, seen: Seen, oldest: float) -> _Asked:
        self._asked = {place: asked for place, asked in self._asked.items() if asked.begun_at >= oldest}
        while len(self._asked) >= MOST_LOOKS:
            del self._asked[next(iter(self._asked))]
        asked = self._asked[seen] = _Asked(monotonic(), asyncio.create_task(self._read(seen)))
        asked.look.add_done_callback(_heed)
        return asked

    async def _read(self, seen: Seen) -> Look:
        source, followed = self._source, self._followed
        async with nobody(source.pool) as connection:
            principal = await authenticate(connection, followed.token, followed.workspace)
        async with acting_as(source.pool, principal) as connection:
            update = await read_update(connection, source.read_log, principal, followed.job, seen)
            if not update.is_finished or update.is_partial:
                return Look(update, None)
            result, run = await self._read_end(connection, principal)
        text = None if result is None else await whole_result(source.blobs, result)
        return Look(update, show_end(text, run))

    async def _read_end(
        self, connection: Connection, principal: Principal
    ) -> tuple[bytes | Blob | None, Run | None]:
        followed = self._followed
        ended = await runs.read_result(connection, followed.workspace, followed.job)
        run = None if followed.only_result else await find_run(connection, principal, followed.job)
        return ended[1] if ended else None, run


class Feeds:
    """All feeds of this process, each for as long as somebody follows."""

    def __init__(self, most: int = 20_000, most_of_one: int = 1000) -> None:
        """``most`` event streams may be open at once, and ``most_of_one`` caller."""
        self.turns = Turns("event streams", "are open", "most_streams", most, most_of_one)
        self._feeds: dict[Followed, Feed] = {}

    @contextmanager
    def follow(self, source: Source, followed: Followed) -> Iterator[Feed]:
        """The feed of a job while the block lasts."""
        feed = self._feeds.setdefault(followed, Feed(source, followed))
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
