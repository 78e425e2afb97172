"""Leases by the database's clock, and what a worker gives back by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from headrace.queue import sessions
from tests.ground.jobs import claim_as, enqueue_as, hand_back_as, open_session

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from tests.ground.people import People

EXPIRE = "update worker_session set expires_at = now() - interval '1 second'"


async def test_a_lease_that_is_renewed_lasts_and_one_that_is_over_is_lost(
    owner: asyncpg.Connection, worker_pool: Pool
):
    session = await open_session(worker_pool, worker="w1")
    async with worker_pool.acquire() as connection:
        await owner.execute(EXPIRE)
        assert await sessions.renew(connection, session, 30.0)
        assert await sessions.end_expired(connection) == []
        await owner.execute(EXPIRE)
        assert await sessions.end_expired(connection) == ["w1"]
        assert await sessions.end_expired(connection) == []
        assert not await sessions.renew(connection, session, 30.0)


async def test_a_session_closed_in_order_is_not_lost(owner: asyncpg.Connection, worker_pool: Pool):
    session = await open_session(worker_pool)
    async with worker_pool.acquire() as connection:
        await sessions.close(connection, session)
        assert not await sessions.renew(connection, session, 30.0)
    assert not await owner.fetchval("select lost from worker_session")


async def test_a_worker_sees_what_it_holds_and_who_wants_it_stopped(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    for _ in range(2):
        await enqueue_as(server_pool, people.alice)
    first, second = [job.lease.job for job in await claim_as(worker_pool, session, slots=2)]
    await owner.execute(
        "update job_queue set canceled_by = 'bob', canceled_reason = 'late' where id = $1", second
    )
    async with worker_pool.acquire() as connection:
        held = {job.job: job for job in await sessions.read_held(connection, session)}
    assert held == {
        first: sessions.HeldJob(first, 1, None, None),
        second: sessions.HeldJob(second, 1, "bob", "late"),
    }


async def test_what_is_handed_back_is_claimed_again_without_a_loss(
    server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    job = await enqueue_as(server_pool, people.alice)
    await claim_as(worker_pool, session)
    assert await hand_back_as(worker_pool, session, job) == {job: "python3"}
    assert await hand_back_as(worker_pool, session, job) == {}
    (again,) = await claim_as(worker_pool, session)
    assert (again.lease.attempt, again.losses) == (2, 0)


async def test_what_may_not_be_restarted_or_is_somebody_elses_is_not_handed_back(
    server_pool: Pool, worker_pool: Pool, people: People
):
    session, other = await open_session(worker_pool), await open_session(worker_pool)
    fragile = await enqueue_as(server_pool, people.alice, restart_if_lost=False)
    await claim_as(worker_pool, session)
    theirs = await enqueue_as(server_pool, people.alice)
    await claim_as(worker_pool, other)
    assert await hand_back_as(worker_pool, session, fragile, theirs) == {}
    async with worker_pool.acquire() as connection:
        assert [job.job for job in await sessions.read_held(connection, session)] == [fragile]
        assert [job.job for job in await sessions.read_held(connection, other)] == [theirs]


async def test_what_somebody_wants_to_end_is_not_handed_back(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    job = await enqueue_as(server_pool, people.alice)
    await claim_as(worker_pool, session)
    await owner.execute("update job_queue set canceled_by = 'bob'")
    assert await hand_back_as(worker_pool, session, job) == {}
    assert await hand_back_as(worker_pool, session, job, have_begun=False) == {}


async def test_what_has_not_begun_is_handed_back_though_it_may_not_be_restarted(
    server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    fragile = await enqueue_as(server_pool, people.alice, restart_if_lost=False)
    await claim_as(worker_pool, session)
    assert await hand_back_as(worker_pool, session, fragile, have_begun=False) == {fragile: "python3"}
