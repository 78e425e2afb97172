"""Ends and claims in one statement, which waits for nobody."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from headrace.queue.exchange import Author, Completion, exchange
from tests.ground.jobs import SUCCESS, claim_as, enqueue_as, finish_as, open_session

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from tests.ground.people import People

AUTHOR = Author("worker", "none")
TAGS = ["python3"]


async def test_one_job_ends_and_the_next_comes(server_pool: Pool, worker_pool: Pool, people: People):
    session = await open_session(worker_pool)
    first, second, third = [await enqueue_as(server_pool, people.alice) for _ in range(3)]
    (claimed,) = await claim_as(worker_pool, session)
    assert claimed.lease.job == first
    stale = dataclasses.replace(claimed.lease, job=third)
    ends = [Completion(lease, SUCCESS) for lease in (claimed.lease, stale)]
    async with worker_pool.acquire() as connection:
        exchanged = await exchange(connection, session, ends, AUTHOR, tags=TAGS, slots=1)
    assert [job.id for job in exchanged.ended] == [first]
    assert [job.lease.job for job in exchanged.claimed] == [second]


async def test_what_somebody_holds_is_left_alone_and_the_next_job_comes_all_the_same(
    server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    first, second = [await enqueue_as(server_pool, people.alice) for _ in range(2)]
    (claimed,) = await claim_as(worker_pool, session)
    end = Completion(claimed.lease, SUCCESS)
    async with worker_pool.acquire() as slow, slow.transaction():
        await slow.execute("select from job_queue where id = $1 for update", first)
        async with worker_pool.acquire() as connection:
            exchanged = await exchange(connection, session, [end], AUTHOR, tags=TAGS, slots=1)
    assert exchanged.ended == []
    assert [job.lease.job for job in exchanged.claimed] == [second]
    assert [job.id for job in (await finish_as(worker_pool, session, claimed.lease)).jobs] == [first]
