"""Claims: the best due jobs of a worker's tags, each to exactly one session."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from headrace.db.connection import connect, connect_by_key
from headrace.errors import NotAuthenticated
from headrace.permissions.identity import authenticate
from headrace.queue import sessions
from headrace.queue.claim import claim
from tests.ground.jobs import claim_as, enqueue_as, finish_as, open_session, seed_backlog

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from headrace.db.roles import RoleLogins
    from tests.ground.people import People


async def test_priority_goes_before_age_and_age_before_the_rest(
    server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    old = await enqueue_as(server_pool, people.alice)
    young = await enqueue_as(server_pool, people.alice)
    urgent = await enqueue_as(server_pool, people.alice, priority=5)
    claimed = await claim_as(worker_pool, session, slots=5)
    assert [job.lease.job for job in claimed] == [urgent, old, young]


async def test_the_order_holds_across_tags_and_other_tags_are_left(
    server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool, "a", "b")
    third = await enqueue_as(server_pool, people.alice, tag="a")
    await enqueue_as(server_pool, people.alice, tag="c", priority=100)
    first = await enqueue_as(server_pool, people.alice, tag="b", priority=9)
    second = await enqueue_as(server_pool, people.alice, tag="a", priority=8)
    await enqueue_as(server_pool, people.alice, tag="b")
    claimed = await claim_as(worker_pool, session, "a", "b", slots=3)
    assert [job.lease.job for job in claimed] == [first, second, third]


async def test_it_takes_no_more_than_there_are_slots(server_pool: Pool, worker_pool: Pool, people: People):
    session = await open_session(worker_pool)
    for _ in range(3):
        await enqueue_as(server_pool, people.alice)
    assert len(await claim_as(worker_pool, session, slots=2)) == 2
    assert len(await claim_as(worker_pool, session, slots=2)) == 1
    assert await claim_as(worker_pool, session, slots=2) == []


async def test_what_is_not_due_is_left(server_pool: Pool, worker_pool: Pool, people: People):
    session = await open_session(worker_pool)
    await enqueue_as(server_pool, people.alice, scheduled_in_seconds=3600.0, priority=100)
    due = await enqueue_as(server_pool, people.alice)
    assert [job.lease.job for job in await claim_as(worker_pool, session, slots=2)] == [due]


async def test_many_claimers_at_once_never_get_the_same_job(
    owner: asyncpg.Connection, worker_pool: Pool, people: People
):
    assert people
    await seed_backlog(owner, 300)

    async def take_all() -> list:
        session = await open_session(worker_pool)
        taken = []
        while claimed := await claim_as(worker_pool, session, slots=3):
            taken += [job.lease.job for job in claimed]
        return taken

    taken = [job for jobs in await asyncio.gather(*(take_all() for _ in range(8))) for job in jobs]
    assert len(taken) == len(set(taken))
    # One that finds all the rest locked by the others may leave before them, but nobody leaves a job.
    assert len(taken) == 300
    assert await owner.fetchval("select count(*) from job_queue where attempt <> 1") == 0


async def test_a_claim_waits_for_nobody(server_pool: Pool, worker_pool: Pool, people: People):
    session = await open_session(worker_pool)
    first, second = [await enqueue_as(server_pool, people.alice) for _ in range(2)]
    async with worker_pool.acquire() as slow, slow.transaction():
        assert [job.lease.job for job in await claim(slow, session, ["python3"], 1)] == [first]
        assert [job.lease.job for job in await claim_as(worker_pool, session)] == [second]


@pytest.mark.parametrize("end", [sessions.drain, sessions.close])
async def test_a_session_that_drains_or_is_over_gets_nothing(
    server_pool: Pool, worker_pool: Pool, people: People, end
):
    session = await open_session(worker_pool)
    job = await enqueue_as(server_pool, people.alice)
    async with worker_pool.acquire() as connection:
        await end(connection, session)
    assert await claim_as(worker_pool, session) == []
    other = await open_session(worker_pool)
    assert [claimed.lease.job for claimed in await claim_as(worker_pool, other)] == [job]


async def test_a_claimed_job_comes_with_all_that_running_it_takes(
    server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    job = await enqueue_as(server_pool, people.alice, args=b'{"n": 1}', timeout_seconds=9)
    (claimed,) = await claim_as(worker_pool, session)
    assert (claimed.lease.job, claimed.lease.attempt, claimed.lease.worker_session) == (job, 1, session)
    assert (claimed.args, claimed.raw_code, claimed.timeout_seconds) == (b'{"n": 1}', "def main(): pass", 9)
    assert (claimed.permissioned_as, claimed.email, claimed.losses) == ("u/alice", "alice@acme.test", 0)


async def test_its_token_has_the_rights_of_its_user_until_it_is_over(
    server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    await enqueue_as(server_pool, people.alice)
    (claimed,) = await claim_as(worker_pool, session)
    async with server_pool.acquire() as connection:
        principal = await authenticate(connection, claimed.token, "acme")
        assert (principal.username, principal.job) == ("alice", claimed.lease.job)
        forged = claimed.token[:-1] + ("1" if claimed.token.endswith("0") else "0")
        with pytest.raises(NotAuthenticated):
            await authenticate(connection, forged, "acme")
        await finish_as(worker_pool, session, claimed.lease)
        with pytest.raises(NotAuthenticated):
            await authenticate(connection, claimed.token, "acme")


@pytest.mark.fresh_database
@pytest.mark.parametrize("mode", ["auto", "force_generic_plan", "as a worker does"])
async def test_a_claim_and_its_end_never_walk_the_backlog(
    owner: asyncpg.Connection, roles: RoleLogins, people: People, mode: str
):
    """Twenty claims and ends, however the server plans them, read a few hundred rows of 20,000.

    A worker's plans are made when the queue is empty.
    """
    assert people
    if mode == "as a worker does":
        connection = await connect_by_key(roles.worker, "tests")
    else:
        connection = await connect(roles.worker, "tests")
        await connection.execute(f"set plan_cache_mode = {mode}")
    pool: Any = _One(connection)
    session = await open_session(pool, "python3", "bash")
    assert await claim_as(pool, session, "python3", "bash", "nothing-has-it") == []
    await connection.execute("select pg_stat_force_next_flush()")
    await seed_backlog(owner, 20_000, "python3", "bash", "deno")
    async with connection.transaction():
        for _ in range(20):
            claimed = await claim_as(pool, session, "python3", "bash", "nothing-has-it", slots=2)
            assert len(claimed) == 2
            await finish_as(pool, session, *(job.lease for job in claimed))
        rows = await connection.fetch(
            "select relname, seq_tup_read + coalesce(idx_tup_fetch, 0) as rows"
            " from pg_stat_xact_user_tables where relname in ('job', 'job_queue', 'job_id')"
        )
        index = await connection.fetchrow(
            "select pg_stat_get_xact_numscans('job_queue_claim'::regclass) as scans,"
            " pg_stat_get_xact_tuples_returned('job_queue_claim'::regclass) as rows"
        )
    await connection.close()
    assert {row["relname"] for row in rows} == {"job", "job_queue", "job_id"}
    assert all(row["rows"] < 1000 for row in rows), rows
    assert index is not None
    assert index["scans"] == 60, "one probe for each tag of each claim"
    assert index["rows"] < 1000


class _One:
    """A pool of one connection."""

    def __init__(self, connection) -> None:
        self._connection = connection

    def acquire(self):
        return self

    async def __aenter__(self):
        return self._connection

    async def __aexit__(self, *_error: object) -> None:
        pass
