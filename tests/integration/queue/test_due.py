"""What is held becomes claimable when what holds it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from headrace.db.transaction import acting_as
from headrace.queue import due
from tests.ground.jobs import claim_as, enqueue_as, open_session, seed_backlog

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from tests.ground.people import People


async def test_jobs_for_later_are_let_go_when_their_time_has_come(
    server_pool: Pool, worker_pool: Pool, owner: asyncpg.Connection, people: People
):
    session = await open_session(worker_pool, "a", "b")
    soon = await enqueue_as(server_pool, people.alice, tag="a", scheduled_in_seconds=3600.0)
    await enqueue_as(server_pool, people.alice, tag="b", scheduled_in_seconds=7200.0)
    async with worker_pool.acquire() as connection:
        assert await due.release_due(connection) == set()
        await owner.execute("update job_queue set scheduled_for = scheduled_for - interval '1 hour'")
        assert await due.release_due(connection) == {"a"}
        assert await due.release_due(connection) == set()
    assert [job.lease.job for job in await claim_as(worker_pool, session, "a", "b", slots=2)] == [soon]


async def test_the_time_to_the_next_one_is_told(server_pool: Pool, worker_pool: Pool, people: People):
    async with worker_pool.acquire() as connection:
        assert await due.seconds_to_next(connection) is None
        for hours in (2, 1, 3):
            await enqueue_as(server_pool, people.alice, scheduled_in_seconds=hours * 3600.0)
        assert await due.seconds_to_next(connection) == pytest.approx(3600, abs=60)


async def test_at_most_a_thousand_are_let_go_at_once(
    owner: asyncpg.Connection, worker_pool: Pool, people: People
):
    assert people
    await seed_backlog(owner, 1500, "a")
    await owner.execute("update job_queue set held = 'future'")
    left = []
    async with worker_pool.acquire() as connection:
        while await due.release_due(connection):
            left.append(await owner.fetchval("select count(*) from job_queue where held = 'future'"))
    assert left == [500, 0]


async def test_quarantine_is_left_by_who_may_end_the_job_only(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    job = await enqueue_as(server_pool, people.alice)
    await owner.execute("update job_queue set held = 'quarantine', losses = 3")
    async with acting_as(server_pool, people.bob) as connection:
        assert await due.release_quarantined(connection, job) is None
    assert await claim_as(worker_pool, session) == []
    async with acting_as(server_pool, people.alice) as connection:
        assert await due.release_quarantined(connection, job) == "python3"
        assert await due.release_quarantined(connection, job) is None
    (claimed,) = await claim_as(worker_pool, session)
    assert (claimed.lease.job, claimed.losses) == (job, 0)


async def test_old_keys_and_tokens_go(owner: asyncpg.Connection, worker_pool: Pool, people: People):
    assert people
    await owner.execute(
        "insert into token (hash, prefix, email, expires_at) values"
        " ('old', '', 'alice@acme.test', now() - interval '1 s'),"
        " ('new', '', 'alice@acme.test', now() + interval '1 h'),"
        " ('ever', '', 'alice@acme.test', null)"
    )
    await owner.execute(
        "insert into idempotency_key (workspace_id, caller, route, key, request_hash, job_id, created_at)"
        " values"
        " ('acme', 'alice', '', 'old', '', uuid_v7(), now() - interval '25 hours'),"
        " ('acme', 'alice', '', 'new', '', uuid_v7(), now())"
    )
    async with worker_pool.acquire() as connection:
        await due.clean(connection)
    assert {row["hash"] for row in await owner.fetch("select hash from token")} == {b"new", b"ever"}
    assert [row["key"] for row in await owner.fetch("select key from idempotency_key")] == ["new"]
