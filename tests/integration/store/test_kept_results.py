"""Results are kept for as long as they may answer, and the newest one answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from headrace.model.ids import JobId, ScriptHash
from headrace.store import kept_results
from tests.ground.jobs import claim_as, enqueue_as, finish_as, open_session

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from tests.ground.people import People


async def succeed(server_pool: Pool, worker_pool: Pool, people: People, **changes) -> JobId:
    """A job of a version that has succeeded."""
    job = await enqueue_as(server_pool, people.alice, script_hash=ScriptHash("0" * 16), **changes)
    session = await open_session(worker_pool)
    await finish_as(worker_pool, session, (await claim_as(worker_pool, session))[0].lease)
    return job


async def test_the_newest_takes_the_place_of_the_one_before_and_goes_when_its_time_is_over(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    jobs = [
        await succeed(server_pool, worker_pool, people, cache_key=b"key", cache_seconds=60) for _ in range(2)
    ]
    assert [row["job_id"] for row in await owner.fetch("select job_id from kept_result")] == jobs[1:]
    async with worker_pool.acquire() as connection:
        assert await kept_results.delete_expired(connection) == 0
        await owner.execute("update kept_result set expires_at = now()")
        assert await kept_results.delete_expired(connection) == 1


async def test_of_a_job_without_a_version_nothing_is_kept(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    await succeed(server_pool, worker_pool, people)
    await enqueue_as(server_pool, people.alice, cache_key=b"key", cache_seconds=60)
    session = await open_session(worker_pool)
    await finish_as(worker_pool, session, (await claim_as(worker_pool, session))[0].lease)
    assert await owner.fetchval("select count(*) from kept_result") == 0
