"""A failed job is run again by a new one, until one succeeds, the policy ends, or somebody cancels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import asyncpg

from headrace.db.transaction import acting_as
from headrace.lifecycle.cancel import cancel
from headrace.lifecycle.finish import Finished
from headrace.model.outcome import Outcome, Status
from headrace.model.retry import Retry
from tests.ground.jobs import SUCCESS, claim_as, enqueue_as, finish_as, open_session

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from headrace.model.ids import JobId
    from headrace.model.job import ClaimedJob
    from headrace.model.principal import Principal
    from tests.ground.people import People

FAILURE = Outcome(Status.FAILURE, b'{"error": {"name": "E", "message": "m"}}')
TWICE = Retry(constant_retries=2).as_text()


async def fail(pool: Pool, session: int, job: ClaimedJob | None = None) -> tuple[ClaimedJob, Finished]:
    """Claim the next job, and let it fail."""
    if job is None:
        (job,) = await claim_as(pool, session)
    return job, await finish_as(pool, session, job.lease, outcome=FAILURE)


async def cancel_as(pool: Pool, principal: Principal, job: JobId) -> Finished | None:
    async with acting_as(pool, principal) as connection:
        return await cancel(connection, job, principal.username, None)


async def history(owner: asyncpg.Connection) -> list[dict[str, Any]]:
    rows = "select id, parent_job, root_job, status, retry_number from job_history order by retry_number, id"
    return [dict(row) for row in await owner.fetch(rows)]


async def test_a_chain_goes_on_until_one_succeeds(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    parent = await enqueue_as(server_pool, people.alice)
    await finish_as(worker_pool, session, (await claim_as(worker_pool, session))[0].lease)
    first = await enqueue_as(
        server_pool,
        people.alice,
        retry=Retry(constant_retries=5).as_text(),
        parent_job=parent,
        root_job=parent,
        path="u/alice/p",
        args=b'{"n": 1}',
        restart_if_lost=False,
        labels=("l",),
        entry="other",
    )
    failed = [await fail(worker_pool, session) for _ in range(2)]
    assert [finished.due_tags for _, finished in failed] == [{"python3"}, {"python3"}]
    (last,) = await claim_as(worker_pool, session)
    assert (last.args, last.path, last.entry, last.permissioned_as) == (
        b'{"n": 1}',
        "u/alice/p",
        "other",
        "u/alice",
    )
    assert not await owner.fetchval("select restart_if_lost from job")
    finished = await finish_as(worker_pool, session, last.lease)
    assert finished.due_tags == set()
    assert await claim_as(worker_pool, session) == []
    chain = [row for row in await history(owner) if row["id"] != parent]
    assert [(row["status"], row["retry_number"], row["parent_job"]) for row in chain] == [
        ("failure", 0, parent),
        ("failure", 1, first),
        ("success", 2, first),
    ]
    assert {row["root_job"] for row in chain} == {parent}
    audited = await owner.fetch("select username, parameters from audit where operation = 'jobs.retry'")
    assert [(row["username"], json.loads(row["parameters"])["failed"]) for row in audited] == [
        ("alice", str(first)),
        ("alice", str(failed[1][0].lease.job)),
    ]


async def test_it_ends_with_its_policy(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    await enqueue_as(server_pool, people.alice, retry=TWICE)
    for _ in range(3):
        await fail(worker_pool, session)
    assert await claim_as(worker_pool, session) == []
    assert [row["status"] for row in await history(owner)] == ["failure"] * 3


async def test_a_retry_waits_for_its_time_and_the_leader_is_told(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    await enqueue_as(server_pool, people.alice, retry=Retry(1, 60).as_text())
    _, finished = await fail(worker_pool, session)
    row = await owner.fetchrow(
        "select j.id, held, extract(epoch from q.scheduled_for - now()) as seconds,"
        " q.scheduled_for = j.scheduled_for as same from job_queue q join job j on j.id = q.id"
    )
    assert row is not None
    assert (row["held"], row["same"], finished.due_tags) == ("future", True, set())
    assert 50 < row["seconds"] <= 60
    assert finished.later == {str(row["id"])}


async def test_the_end_of_several_is_written_once_whoever_asks_again(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    for _ in range(2):
        await enqueue_as(server_pool, people.alice, retry=TWICE)
    leases = [job.lease for job in await claim_as(worker_pool, session, slots=2)]
    assert len((await finish_as(worker_pool, session, *leases, outcome=FAILURE)).jobs) == 2
    assert (await finish_as(worker_pool, session, *leases, outcome=FAILURE)).jobs == []
    assert await owner.fetchval("select count(*) from job_queue") == 2


async def test_who_cancels_a_job_ends_its_chain_also_where_it_fails_meanwhile(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    first = await enqueue_as(server_pool, people.alice, retry=TWICE)
    (job,) = await claim_as(worker_pool, session)
    assert await cancel_as(server_pool, people.alice, first) == Finished()
    await fail(worker_pool, session, job)
    assert await owner.fetchval("select count(*) from job_queue") == 0


async def test_who_cancels_the_first_one_later_cancels_the_one_that_is_at_it(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    """Its id is the only one that the caller was told."""
    session = await open_session(worker_pool)
    first = await enqueue_as(server_pool, people.alice, retry=Retry(3, 60).as_text())
    await fail(worker_pool, session)
    assert await cancel_as(server_pool, people.bob, first) is None
    finished = await cancel_as(server_pool, people.alice, first)
    assert finished is not None
    assert [row["status"] for row in await history(owner)] == ["failure", "canceled"]
    assert await owner.fetchval("select count(*) from job_queue") == 0
    assert await cancel_as(server_pool, people.alice, first) is None


async def test_a_success_and_a_job_without_a_policy_are_not_run_again(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    for outcome, changes in ((SUCCESS, {"retry": TWICE}), (FAILURE, {})):
        await enqueue_as(server_pool, people.alice, **changes)
        (job,) = await claim_as(worker_pool, session)
        await finish_as(worker_pool, session, job.lease, outcome=outcome)
    assert await owner.fetchval("select count(*) from job_queue") == 0
