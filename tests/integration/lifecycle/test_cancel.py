"""Cancels: at once, through the worker, or by force; for those who may."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import asyncpg

from headrace.db.transaction import acting_as
from headrace.lifecycle.cancel import cancel, canceled
from headrace.lifecycle.finish import Finished
from headrace.queue import sessions
from tests.ground.jobs import claim_as, enqueue_as, finish_as, open_session

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from headrace.model.ids import JobId
    from headrace.model.principal import Principal
    from tests.ground.people import People


async def cancel_as(pool: Pool, principal: Principal, job: JobId, *, force: bool = False) -> Finished | None:
    """Cancel as a request does."""
    async with acting_as(pool, principal) as connection:
        return await cancel(connection, job, principal.username, "enough", force=force)


async def history(owner: asyncpg.Connection) -> list[dict]:
    return [
        dict(row) for row in await owner.fetch("select status, canceled_by, canceled_reason from job_history")
    ]


CANCELED = [{"status": "canceled", "canceled_by": "alice", "canceled_reason": "enough"}]


async def test_one_that_waits_ends_here_and_now(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    job = await enqueue_as(server_pool, people.alice)
    finished = await cancel_as(server_pool, people.alice, job)
    assert finished is not None
    assert [ended.id for ended in finished.jobs] == [job]
    assert await history(owner) == CANCELED
    result = json.loads(await owner.fetchval("select result from job_history"))
    assert result["error"]["name"] == "Canceled"
    assert result["error"]["message"] == "Canceled by alice: enough"
    assert await claim_as(worker_pool, await open_session(worker_pool)) == []


async def test_one_for_later_ends_too(owner: asyncpg.Connection, server_pool: Pool, people: People):
    job = await enqueue_as(server_pool, people.alice, scheduled_in_seconds=3600.0)
    await cancel_as(server_pool, people.alice, job)
    assert await history(owner) == CANCELED


async def test_one_that_runs_is_ended_by_its_worker(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    job = await enqueue_as(server_pool, people.alice)
    (claimed,) = await claim_as(worker_pool, session)
    assert await cancel_as(server_pool, people.alice, job) == Finished()
    assert await cancel_as(server_pool, people.admin, job) == Finished()
    assert await history(owner) == []
    async with worker_pool.acquire() as connection:
        (held,) = await sessions.read_held(connection, session)
    assert (held.canceled_by, held.canceled_reason) == ("alice", "enough"), "the first request counts"
    await finish_as(worker_pool, session, claimed.lease, outcome=canceled("alice", "enough"))
    assert await history(owner) == CANCELED


async def test_by_force_one_that_runs_ends_at_once_and_its_worker_comes_too_late(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    job = await enqueue_as(server_pool, people.alice)
    (claimed,) = await claim_as(worker_pool, session)
    finished = await cancel_as(server_pool, people.alice, job, force=True)
    assert finished is not None
    assert [ended.id for ended in finished.jobs] == [job]
    assert (await finish_as(worker_pool, session, claimed.lease)).jobs == []
    assert await history(owner) == CANCELED
    async with worker_pool.acquire() as connection:
        assert await sessions.read_held(connection, session) == []


async def test_a_job_that_is_over_or_unseen_cannot_be_canceled(server_pool: Pool, people: People):
    job = await enqueue_as(server_pool, people.alice)
    assert await cancel_as(server_pool, people.bob, job) is None
    await cancel_as(server_pool, people.alice, job)
    assert await cancel_as(server_pool, people.alice, job) is None
    assert await cancel_as(server_pool, people.alice, job, force=True) is None


async def test_a_cancel_and_a_claim_at_once_agree(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    """Either it never starts, or its worker is told: the job is never both over and running."""
    session = await open_session(worker_pool)
    for _ in range(20):
        job = await enqueue_as(server_pool, people.alice)
        finished, claimed = await asyncio.gather(
            cancel_as(server_pool, people.alice, job), claim_as(worker_pool, session)
        )
        assert finished is not None
        assert bool(finished.jobs) != bool(claimed)
        if claimed:
            assert await owner.fetchval("select canceled_by from job_queue where id = $1", job) == "alice"
            await finish_as(worker_pool, session, claimed[0].lease)


async def test_a_forced_cancel_and_an_end_at_once_give_one_end(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    for number in range(20):
        job = await enqueue_as(server_pool, people.alice)
        (claimed,) = await claim_as(worker_pool, session)
        forced, ended = await asyncio.gather(
            cancel_as(server_pool, people.alice, job, force=True),
            finish_as(worker_pool, session, claimed.lease),
        )
        assert (forced is None) == bool(ended.jobs)
        assert await owner.fetchval("select count(*) from job_history") == number + 1
