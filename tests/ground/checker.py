"""What must hold when everything has come to rest, whatever was done to it.

It believes the witness first, then what clients were told, and only then the database.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from headrace.db.listen import JOBS_CHANGED, JOBS_DUE
from headrace.model.log_text import utf16_length
from tests.ground.witness import Witness

_PATIENCE_SECONDS = 40
_LOOK_AGAIN_SECONDS = 0.2
_HISTORY = "select id, status, attempt, result, worker, canceled_by from job_history where id = $1"


@dataclass(frozen=True)
class Finished:
    """The one record of a job's end."""

    id: UUID
    status: str
    attempt: int
    result: bytes
    worker: str | None
    canceled_by: str | None


class Checker:
    """Looks at the database as its owner, and waits for what is to happen there."""

    def __init__(self, owner: asyncpg.Connection[Any], witness: Witness) -> None:
        self.owner = owner
        self._witness = witness
        self._news = asyncio.Event()
        self.patience_seconds = _PATIENCE_SECONDS

    async def finished(self, job: UUID | str) -> Finished:
        """Wait for the end of a job; there must be exactly one record of it."""
        rows: list[asyncpg.Record] = []

        async def is_there() -> bool:
            rows[:] = await self.owner.fetch(_HISTORY, UUID(str(job)))
            return bool(rows)

        await self.until(is_there, f"the end of job {job}")
        (row,) = rows
        return Finished(**row)

    async def until_value(self, wanted: object, sql: str, *values: object) -> None:
        """Wait until a query gives a value."""

        async def is_so() -> bool:
            return await self.owner.fetchval(sql, *values) == wanted

        await self.until(is_so, f"{wanted!r} from {sql}")

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait until something holds; looked at when Headrace says that jobs changed, and in between."""
        try:
            async with asyncio.timeout(self.patience_seconds):
                while not await holds():
                    self._news.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._news.wait(), _LOOK_AGAIN_SECONDS)
        except TimeoutError:
            queue = [dict(row) for row in await self.owner.fetch("select * from job_queue")]
            raise AssertionError(f"waited in vain for {what}; in the queue: {queue}") from None

    async def check(
        self, acknowledged: Iterable[UUID | str], *, most_attempts: int = 1, not_at_rest: Iterable[str] = ()
    ) -> None:
        """Wait until no job is live but ``not_at_rest``, then assert every promise on what happened."""
        jobs, waiting = {UUID(str(job)) for job in acknowledged}, {UUID(str(job)) for job in not_at_rest}
        live = "select count(*) from job_queue where not id = any ($1::uuid[])"
        await self.until_value(0, live, list(waiting))
        await self._check_history(jobs - waiting, most_attempts)
        await self._check_live(waiting)
        await self._check_starts()
        await self._check_logs()

    async def _check_history(self, jobs: set[UUID], most_attempts: int) -> None:
        rows = await self.owner.fetch("select id, attempt from job_history")
        records = Counter(row["id"] for row in rows)
        assert set(records) == jobs, "an acknowledged job is lost, or one is there that nobody asked for"
        assert set(records.values()) <= {1}, "a job has more than one terminal record"
        assert max((row["attempt"] for row in rows), default=0) <= most_attempts
        unstamped = await self.owner.fetchval(
            "select count(*) from job_id i left join job_history h on h.id = i.id"
            " where i.completed_at is distinct from h.completed_at"
        )
        assert unstamped == 0, "job_id and job_history disagree about when a job ended"

    async def _check_live(self, waiting: set[UUID]) -> None:
        for table in ("job", "job_queue"):
            rows = await self.owner.fetch(f"select id from {table}")  # a table of ours
            assert {row["id"] for row in rows} == waiting, f"{table} holds a job that is over, or lacks one"

    async def _check_starts(self) -> None:
        attempts = {row["id"]: row["attempt"] for row in await self.owner.fetch(
            "select id, attempt from job_history union all select id, attempt from job_queue"
        )}  # fmt: skip
        starts = Counter((note.job, note.attempt) for note in self._witness.notes("start"))
        assert set(starts.values()) <= {1}, "an attempt was started twice"
        for job, attempt in starts:
            assert attempt <= attempts[job], "an attempt ran that the database knows nothing of"
        ends = Counter((note.job, note.attempt) for note in self._witness.notes("end"))
        assert ends.keys() <= starts.keys()
        for row in await self.owner.fetch("select id, attempt from job_history where status = 'success'"):
            if any(note.job == row["id"] for note in self._witness.notes("start")):
                assert (row["id"], row["attempt"]) in ends, "a job succeeded whose attempt did not end"

    async def _check_logs(self) -> None:
        """Chunks of an attempt follow one another without a gap or an overlap."""
        rows = await self.owner.fetch(
            "select job_id, attempt, start, chunk from job_log order by job_id, attempt, start"
        )
        next_starts: dict[tuple[UUID, int], int] = defaultdict(int)
        for row in rows:
            key = row["job_id"], row["attempt"]
            assert row["start"] == next_starts[key], f"the log of job {key} has a gap or an overlap"
            next_starts[key] += utf16_length(row["chunk"])


@asynccontextmanager
async def running_checker(owner: asyncpg.Connection[Any], witness: Witness) -> AsyncIterator[Checker]:
    """A checker that hears what Headrace says, on its connection."""
    checker = Checker(owner, witness)

    def hear(*_: object) -> None:
        checker._news.set()

    for channel in (JOBS_CHANGED, JOBS_DUE):
        await owner.add_listener(channel, hear)
    try:
        yield checker
    finally:
        for channel in (JOBS_CHANGED, JOBS_DUE):
            if not owner.is_closed():
                await owner.remove_listener(channel, hear)
