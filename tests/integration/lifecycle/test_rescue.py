"""Jobs of lost workers: run again, quarantined, failed or canceled, and never twice."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import asyncpg
import pytest

from headrace.db.transaction import acting_as
from headrace.lifecycle.cancel import cancel
from headrace.lifecycle.finish import Finished
from headrace.lifecycle.rescue import rescue
from headrace.model.outcome import Status
from headrace.queue import sessions
from tests.ground.jobs import claim_as, enqueue_as, finish_as, open_session

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from headrace.model.job import ClaimedJob
    from tests.ground.people import People


async def rescue_as(pool: Pool) -> Finished:
    """Rescue as the leader does."""
    async with pool.acquire() as connection, connection.transaction():
        return await rescue(connection)


async def lose(pool: Pool, owner: asyncpg.Connection) -> ClaimedJob:
    """Claim a job by a worker that is then lost."""
    session = await open_session(pool, worker="lost one")
    (claimed,) = await claim_as(pool, session)
    await owner.execute(
        "update worker_session set expires_at = now() - interval '1 s' where id = $1", session
    )
    async with pool.acquire() as connection:
        assert await sessions.end_expired(connection) == ["lost one"]
    return claimed


async def test_a_lost_job_is_run_again(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    job = await enqueue_as(server_pool, people.alice)
    lost = await lose(worker_pool, owner)
    assert (await rescue_as(worker_pool)).due_tags == {"python3"}
    assert (await rescue_as(worker_pool)) == Finished()
    assert (await finish_as(worker_pool, lost.lease.worker_session, lost.lease)).jobs == []
    (again,) = await claim_as(worker_pool, await open_session(worker_pool))
    assert (again.lease.job, again.lease.attempt, again.losses) == (job, 2, 1)


async def test_jobs_of_living_workers_are_left_alone(server_pool: Pool, worker_pool: Pool, people: People):
    session = await open_session(worker_pool)
    await enqueue_as(server_pool, people.alice)
    (claimed,) = await claim_as(worker_pool, session)
    assert (await rescue_as(worker_pool)) == Finished()
    assert len((await finish_as(worker_pool, session, claimed.lease)).jobs) == 1


async def test_at_the_third_loss_a_job_is_quarantined(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    await enqueue_as(server_pool, people.alice)
    for _ in range(2):
        await lose(worker_pool, owner)
        assert (await rescue_as(worker_pool)).due_tags == {"python3"}
    await lose(worker_pool, owner)
    assert await rescue_as(worker_pool) == Finished()
    row = await owner.fetchrow("select state, held, losses from job_queue")
    assert dict(row or {}) == {"state": "queued", "held": "quarantine", "losses": 3}
    assert await claim_as(worker_pool, await open_session(worker_pool)) == []


async def test_a_quarantined_job_can_be_canceled(
    owner: asyncpg.Connection, server_pool: Pool, people: People
):
    job = await enqueue_as(server_pool, people.alice)
    await owner.execute("update job_queue set held = 'quarantine'")
    async with acting_as(server_pool, people.alice) as connection:
        finished = await cancel(connection, job, "alice", None)
    assert finished is not None
    assert [ended.id for ended in finished.jobs] == [job]


async def test_one_that_may_not_be_restarted_fails(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    job = await enqueue_as(server_pool, people.alice, restart_if_lost=False)
    await lose(worker_pool, owner)
    assert [ended.id for ended in (await rescue_as(worker_pool)).jobs] == [job]
    row = await owner.fetchrow("select status, result, duration_ms >= 0 as sane from job_history")
    assert row is not None
    assert (row["status"], row["sane"]) == (Status.FAILURE, True)
    error = json.loads(row["result"])["error"]
    assert error["name"] == "WorkerLost"
    assert "lost one" in error["message"]


async def test_one_that_was_being_canceled_is_canceled(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    job = await enqueue_as(server_pool, people.alice)
    await lose(worker_pool, owner)
    async with acting_as(server_pool, people.alice) as connection:
        assert await cancel(connection, job, "alice", "too late") == Finished()
    assert [ended.id for ended in (await rescue_as(worker_pool)).jobs] == [job]
    row = await owner.fetchrow("select status, canceled_by, canceled_reason from job_history")
    assert dict(row or {}) == {"status": "canceled", "canceled_by": "alice", "canceled_reason": "too late"}


@pytest.mark.parametrize("end", ["close", "drain"])
async def test_jobs_left_by_a_worker_that_ended_in_order_are_rescued_at_once(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People, end: str
):
    session = await open_session(worker_pool)
    await enqueue_as(server_pool, people.alice)
    await claim_as(worker_pool, session)
    async with worker_pool.acquire() as connection:
        await getattr(sessions, end)(connection, session)
    rescued = await rescue_as(worker_pool)
    state = await owner.fetchval("select state from job_queue")
    assert (rescued.due_tags, state) == (({"python3"}, "queued") if end == "close" else (set(), "running"))


async def test_two_rescuers_at_once_count_a_loss_once(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    await enqueue_as(server_pool, people.alice)
    await lose(worker_pool, owner)
    await asyncio.gather(*(rescue_as(worker_pool) for _ in range(4)))
    assert await owner.fetchval("select losses from job_queue") == 1
