"""The end of an attempt is written once, whole, and by its holder only."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

import asyncpg
import pytest

from headrace.clock import now
from headrace.db.transaction import acting_as
from headrace.model.job import LogChunk
from headrace.model.outcome import Measures, Outcome, Status, Teardown
from headrace.queue import logs
from headrace.store import runs
from tests.ground.jobs import SUCCESS, claim_as, enqueue_as, finish_as, hand_back_as, open_session

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from headrace.model.job import ClaimedJob
    from tests.ground.people import People


@pytest.fixture
async def claimed(server_pool: Pool, worker_pool: Pool, people: People) -> ClaimedJob:
    """A job of alice's that runs."""
    session = await open_session(worker_pool)
    await enqueue_as(server_pool, people.alice, args=b'{"n": 1}', path="u/alice/p")
    (job,) = await claim_as(worker_pool, session)
    return job


async def test_everything_about_it_goes_to_history(
    owner: asyncpg.Connection, worker_pool: Pool, claimed: ClaimedJob
):
    gone_at = now()
    outcome = Outcome(Status.FAILURE, b'{"error": {}}', Measures(1234, 5678, 9))
    finished = await finish_as(
        worker_pool,
        claimed.lease.worker_session,
        claimed.lease,
        outcome=outcome,
        teardown=Teardown(gone_at, gone_at, gone_at),
        log=[LogChunk(0, "hello")],
    )
    assert [job.id for job in finished.jobs] == [claimed.lease.job]
    run = await runs.read(owner, "acme", claimed.lease.job)
    assert run is not None
    assert (run.status, run.result, run.args) == (Status.FAILURE, b'{"error": {}}', b'{"n": 1}')
    assert (run.duration_ms, run.peak_memory_kb, run.exit_code) == (1234, 5678, 9)
    assert (run.path, run.created_by, run.worker, run.isolation) == ("u/alice/p", "alice", "worker", "none")
    assert run.attempt == 1
    assert run.completed_at is not None
    assert run.started_at is not None
    assert run.created_at <= run.started_at <= run.completed_at
    assert run.teardown is not None
    assert set(run.teardown) == {"processes_gone_at", "folder_gone_at", "mounts_gone_at", "token_gone_at"}
    for table in ("job", "job_queue"):
        assert await owner.fetchval(f"select count(*) from {table}") == 0
    assert await log_of(owner, claimed) == "hello"


async def test_its_owner_sees_it_finished(server_pool: Pool, worker_pool: Pool, people: People, claimed):
    await finish_as(worker_pool, claimed.lease.worker_session, claimed.lease)
    async with acting_as(server_pool, people.alice) as connection:
        assert await runs.read_result(connection, "acme", claimed.lease.job) == (Status.SUCCESS, b'"fine"')
    async with acting_as(server_pool, people.bob) as connection:
        assert await runs.read_result(connection, "acme", claimed.lease.job) is None


@pytest.mark.parametrize("change", [{"attempt": 2}, {"attempt": 0}, {"worker_session": 0}])
async def test_a_stale_attempt_writes_nothing(
    owner: asyncpg.Connection, worker_pool: Pool, claimed: ClaimedJob, change: dict
):
    stale = dataclasses.replace(claimed.lease, **change)
    finished = await finish_as(worker_pool, stale.worker_session, stale, log=[LogChunk(0, "stale")])
    assert finished.jobs == []
    async with worker_pool.acquire() as connection:
        assert not await logs.append(connection, stale, [LogChunk(0, "stale")])
        await logs.note_peak_memory(connection, stale, 1)
    assert await owner.fetchval("select count(*) from job_history") == 0
    assert await owner.fetchval("select count(*) from job_log") == 0
    row = await owner.fetchrow("select state, attempt, peak_memory_kb from job_queue")
    assert dict(row or {}) == {"state": "running", "attempt": 1, "peak_memory_kb": None}


async def test_an_attempt_whose_job_went_to_another_worker_writes_nothing(
    owner: asyncpg.Connection, worker_pool: Pool, claimed: ClaimedJob
):
    await hand_back_as(worker_pool, claimed.lease.worker_session, claimed.lease.job)
    other = await open_session(worker_pool)
    (again,) = await claim_as(worker_pool, other)
    assert again.lease.attempt == 2
    assert (await finish_as(worker_pool, claimed.lease.worker_session, claimed.lease)).jobs == []
    finished = await finish_as(worker_pool, other, again.lease, outcome=Outcome(Status.SUCCESS, b"2"))
    assert len(finished.jobs) == 1
    assert await owner.fetchval("select result from job_history") == b"2"


async def test_a_repeat_after_a_lost_answer_changes_nothing(
    owner: asyncpg.Connection, worker_pool: Pool, claimed: ClaimedJob
):
    session = claimed.lease.worker_session
    assert len((await finish_as(worker_pool, session, claimed.lease)).jobs) == 1
    assert (await finish_as(worker_pool, session, claimed.lease)).jobs == []
    assert await owner.fetchval("select count(*) from job_history") == 1


async def test_of_two_ends_at_once_one_counts(
    owner: asyncpg.Connection, worker_pool: Pool, claimed: ClaimedJob
):
    session = claimed.lease.worker_session
    ends = await asyncio.gather(*(finish_as(worker_pool, session, claimed.lease) for _ in range(5)))
    assert sorted(len(end.jobs) for end in ends) == [0, 0, 0, 0, 1]
    assert await owner.fetchval("select count(*) from job_history") == 1


async def test_batches_in_any_order_do_not_lock_one_another_out(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People
):
    session = await open_session(worker_pool)
    for _ in range(40):
        await enqueue_as(server_pool, people.alice)
    leases = [job.lease for job in await claim_as(worker_pool, session, slots=40)]
    await asyncio.gather(
        *(finish_as(worker_pool, session, *order) for _ in range(4) for order in (leases, leases[::-1]))
    )
    assert await owner.fetchval("select count(*) from job_history") == 40


async def test_one_attempts_log_is_not_anothers(
    owner: asyncpg.Connection, worker_pool: Pool, claimed: ClaimedJob
):
    session = claimed.lease.worker_session
    async with worker_pool.acquire() as connection:
        assert await logs.append(connection, claimed.lease, [LogChunk(0, "first "), LogChunk(6, "try")])
    await hand_back_as(worker_pool, session, claimed.lease.job)
    (again,) = await claim_as(worker_pool, session)
    await finish_as(worker_pool, session, again.lease, log=[LogChunk(0, "second")])
    assert await log_of(owner, claimed) == "first try"
    assert await log_of(owner, again) == "second"


async def test_a_chunk_sent_twice_is_stored_once(
    owner: asyncpg.Connection, worker_pool: Pool, claimed: ClaimedJob
):
    async with worker_pool.acquire() as connection:
        for _ in range(2):
            assert await logs.append(connection, claimed.lease, [LogChunk(0, "once")])
    assert await log_of(owner, claimed) == "once"


async def test_memory_is_shown_while_it_runs(
    owner: asyncpg.Connection, worker_pool: Pool, claimed: ClaimedJob
):
    async with worker_pool.acquire() as connection:
        await logs.note_peak_memory(connection, claimed.lease, 4321)
    progress = await runs.read_progress(owner, "acme", claimed.lease.job)
    assert progress is not None
    assert progress.peak_memory_kb == 4321


async def test_a_batch_may_hold_stale_ones_beside_good_ones(
    worker_pool: Pool, server_pool: Pool, people: People, claimed: ClaimedJob
):
    session = claimed.lease.worker_session
    await enqueue_as(server_pool, people.alice)
    (other,) = await claim_as(worker_pool, session)
    stale = dataclasses.replace(claimed.lease, attempt=7)
    finished = await finish_as(worker_pool, session, stale, other.lease, outcome=SUCCESS)
    assert [job.id for job in finished.jobs] == [other.lease.job]


async def log_of(owner: asyncpg.Connection, claimed: ClaimedJob) -> str:
    return await owner.fetchval(
        "select string_agg(chunk, '' order by start) from job_log where job_id = $1 and attempt = $2",
        claimed.lease.job,
        claimed.lease.attempt,
    )
