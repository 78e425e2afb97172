"""A job enters the queue once, whole, and with the id that was promised."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import pytest

from headrace.db.transaction import acting_as
from headrace.errors import Conflict, InvalidInput
from headrace.model.ids import JobId
from headrace.model.job import Held, Idempotency
from headrace.queue.enqueue import enqueue, reserve
from tests.ground.jobs import enqueue_as, new_job

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from headrace.model.principal import Principal
    from tests.ground.people import People

KEY = Idempotency("jobs/run/p", "key", b"request")


async def run_once(pool: Pool, principal: Principal, idempotency: Idempotency = KEY) -> tuple[JobId, bool]:
    """A request with an Idempotency-Key."""
    async with acting_as(pool, principal) as connection:
        job, is_new = await reserve(connection, principal.workspace or "", principal.username, idempotency)
        if is_new:
            await enqueue(connection, new_job(principal, job_id=job))
        return job, is_new


async def test_a_job_is_there_with_its_id_its_queue_row_and_an_audit_row(
    server_pool: Pool, owner: asyncpg.Connection, people: People
):
    job = await enqueue_as(server_pool, people.alice, args=b'{"n": 1}', priority=7)
    row = await owner.fetchrow(
        "select j.args, j.created_by, j.root_job, q.state, q.held, q.priority, q.attempt, i.completed_at"
        " from job j join job_queue q using (id) join job_id i using (id) where id = $1",
        job,
    )
    assert dict(row or {}) == {
        "args": b'{"n": 1}',
        "created_by": "alice",
        "root_job": job,
        "state": "queued",
        "held": None,
        "priority": 7,
        "attempt": 0,
        "completed_at": None,
    }
    audit = await owner.fetchrow("select username, operation, parameters::json ->> 'job' as job from audit")
    assert dict(audit or {}) == {"username": "alice", "operation": "jobs.run.preview", "job": str(job)}


async def test_ids_sort_by_time_and_are_of_version_7(server_pool: Pool, people: People):
    jobs = [await enqueue_as(server_pool, people.alice) for _ in range(3)]
    assert {UUID(str(job)).version for job in jobs} == {7}
    stamps = [UUID(str(job)).int >> 80 for job in jobs]
    assert stamps == sorted(stamps)


async def test_a_job_may_bring_its_id_and_a_taken_one_is_refused(
    server_pool: Pool, owner: asyncpg.Connection, people: People
):
    mine = JobId(uuid4())
    assert await enqueue_as(server_pool, people.alice, job_id=mine) == mine
    with pytest.raises(InvalidInput, match=f"job_id: a job with the id {mine} exists already"):
        await enqueue_as(server_pool, people.alice, job_id=mine)
    assert await owner.fetchval("select count(*) from job") == 1
    assert await owner.fetchval("select count(*) from audit") == 1


async def test_a_transaction_that_fails_leaves_nothing(
    server_pool: Pool, owner: asyncpg.Connection, people: People
):
    async def fail() -> None:
        async with acting_as(server_pool, people.alice) as connection:
            await enqueue(connection, new_job(people.alice))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    for table in ("job_id", "job", "job_queue", "audit"):
        assert await owner.fetchval(f"select count(*) from {table}") == 0


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({"scheduled_for": datetime(2999, 1, 1, tzinfo=UTC)}, "future"),
        ({"scheduled_in_seconds": 3600.0}, "future"),
        ({"scheduled_for": datetime(2001, 1, 1, tzinfo=UTC)}, None),
        ({"held": Held.LOCK}, "lock"),
        ({"held": Held.LOCK, "scheduled_in_seconds": 3600.0}, "lock"),
    ],
)
async def test_what_holds_a_new_job(
    server_pool: Pool, owner: asyncpg.Connection, people: People, changes: dict, held: str | None
):
    await enqueue_as(server_pool, people.alice, **changes)
    assert await owner.fetchval("select held from job_queue") == held


async def test_a_repeat_with_the_same_key_gives_the_same_job(
    server_pool: Pool, owner: asyncpg.Connection, people: People
):
    first = await run_once(server_pool, people.alice)
    assert first[1]
    assert await run_once(server_pool, people.alice) == (first[0], False)
    assert await owner.fetchval("select count(*) from job") == 1


async def test_many_at_once_with_the_same_key_give_one_job(
    server_pool: Pool, owner: asyncpg.Connection, people: People
):
    answers = await asyncio.gather(*(run_once(server_pool, people.alice) for _ in range(8)))
    assert len({job for job, _ in answers}) == 1
    assert [is_new for _, is_new in answers].count(True) == 1
    assert await owner.fetchval("select count(*) from job") == 1


async def test_a_key_of_a_failed_request_is_free_again(server_pool: Pool, people: People):
    async def fail() -> None:
        async with acting_as(server_pool, people.alice) as connection:
            await reserve(connection, "acme", "alice", KEY)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert (await run_once(server_pool, people.alice))[1]


async def test_a_key_stands_for_one_request(server_pool: Pool, people: People):
    await run_once(server_pool, people.alice)
    with pytest.raises(Conflict, match="'key' was used for another request"):
        await run_once(server_pool, people.alice, Idempotency(KEY.route, KEY.key, b"another request"))


async def test_a_key_is_its_callers_and_its_routes_own(server_pool: Pool, people: People):
    answers = [
        await run_once(server_pool, people.alice),
        await run_once(server_pool, people.bob),
        await run_once(server_pool, people.alice, Idempotency("another route", KEY.key, KEY.request_hash)),
    ]
    assert all(is_new for _, is_new in answers)


async def test_a_key_is_free_again_after_a_day(server_pool: Pool, owner: asyncpg.Connection, people: People):
    first, _ = await run_once(server_pool, people.alice)
    await owner.execute("update idempotency_key set created_at = now() - interval '23 hours 59 minutes'")
    assert await run_once(server_pool, people.alice) == (first, False)
    await owner.execute("update idempotency_key set created_at = now() - interval '24 hours 1 minute'")
    second, is_new = await run_once(server_pool, people.alice, Idempotency(KEY.route, KEY.key, b"another"))
    assert is_new
    assert second != first
