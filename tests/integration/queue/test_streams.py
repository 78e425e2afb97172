"""What comes of a running job besides its result: a stream, arguments made of an event, progress, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from headrace.db.transaction import acting_as
from headrace.model.job import ClaimedJob, LogChunk
from headrace.model.run import Choice, RunFilter
from headrace.queue import due, logs, notes
from headrace.store import runs
from headrace.store.run_list import list_runs
from tests.ground.jobs import claim_as, enqueue_as, finish_as, hand_back_as, open_session

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from tests.ground.people import People


@pytest.fixture
async def claimed(server_pool: Pool, worker_pool: Pool, people: People) -> ClaimedJob:
    """A job of alice's that runs, with an event as its arguments and a label."""
    session = await open_session(worker_pool)
    await enqueue_as(
        server_pool, people.alice, args=b'{"event": {}}', preprocessed=False, labels=("daily",), entry="other"
    )
    (job,) = await claim_as(worker_pool, session)
    assert (job.preprocessed, job.entry) == (False, "other")
    return job


async def stream_of(pool: Pool, people: People, job: ClaimedJob) -> list[str]:
    async with acting_as(pool, people.alice) as connection:
        chunks = await runs.read_stream(connection, job.lease.job, job.lease.attempt)
    return [chunk.text for chunk in chunks]


async def test_a_stream_is_read_while_its_job_runs_and_gone_with_it(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People, claimed: ClaimedJob
):
    async with worker_pool.acquire() as connection:
        for start, text in ((0, "ab"), (2, "c"), (0, "ab")):
            assert await logs.append_stream(connection, claimed.lease, [LogChunk(start, text)])
    assert await stream_of(server_pool, people, claimed) == ["ab", "c"]
    await finish_as(worker_pool, claimed.lease.worker_session, claimed.lease)
    assert await stream_of(server_pool, people, claimed) == []
    assert await owner.fetchval("select count(*) from job_stream") == 0
    async with worker_pool.acquire() as connection:
        assert not await logs.append_stream(connection, claimed.lease, [LogChunk(3, "late")])


async def test_a_second_attempt_streams_from_the_beginning(
    server_pool: Pool, worker_pool: Pool, people: People, claimed: ClaimedJob
):
    async with worker_pool.acquire() as connection:
        await logs.append_stream(connection, claimed.lease, [LogChunk(0, "first")])
    await hand_back_as(worker_pool, claimed.lease.worker_session, claimed.lease.job)
    (again,) = await claim_as(worker_pool, claimed.lease.worker_session)
    async with worker_pool.acquire() as connection:
        assert not await logs.append_stream(connection, claimed.lease, [LogChunk(5, "stale")])
        await logs.append_stream(connection, again.lease, [LogChunk(0, "second")])
    assert await stream_of(server_pool, people, again) == ["second"]


async def test_what_is_left_of_a_stream_is_swept_away(owner: asyncpg.Connection, worker_pool: Pool):
    await owner.execute("insert into job_stream values (uuid_v7(), 1, 0, 'x')")
    async with worker_pool.acquire() as connection:
        await due.clean(connection)
    assert await owner.fetchval("select count(*) from job_stream") == 0


async def test_arguments_replace_the_event_once_and_for_later_attempts(
    owner: asyncpg.Connection, worker_pool: Pool, claimed: ClaimedJob
):
    async with worker_pool.acquire() as connection:
        assert await notes.store_arguments(connection, claimed.lease, b'{"n": 1}')
        assert await notes.store_arguments(connection, claimed.lease, b'{"n": 2}')
    await hand_back_as(worker_pool, claimed.lease.worker_session, claimed.lease.job)
    async with worker_pool.acquire() as connection:
        assert not await notes.store_arguments(connection, claimed.lease, b'{"n": 3}')
    (again,) = await claim_as(worker_pool, claimed.lease.worker_session)
    assert (again.args, again.preprocessed) == (b'{"n": 1}', True)
    await finish_as(worker_pool, again.lease.worker_session, again.lease)
    run = await runs.read(owner, "acme", again.lease.job)
    assert run is not None
    assert (run.args, run.preprocessed, run.entry) == (b'{"n": 1}', True, "other")


async def test_progress_goes_forward_only_and_begins_again_with_an_attempt(
    server_pool: Pool, worker_pool: Pool, people: People, claimed: ClaimedJob
):
    async with acting_as(server_pool, people.alice) as connection:
        told = [await notes.set_progress(connection, claimed.lease.job, n) for n in (-5, 30.9, 20, 500)]
    assert told == [0, 30, 30, 99]
    await hand_back_as(worker_pool, claimed.lease.worker_session, claimed.lease.job)
    async with acting_as(server_pool, people.alice) as connection:
        assert await notes.set_progress(connection, claimed.lease.job, 5) is None
    await claim_as(worker_pool, claimed.lease.worker_session)
    async with acting_as(server_pool, people.alice) as connection:
        progress = await runs.read_progress(connection, "acme", claimed.lease.job)
        assert progress is not None
        assert progress.percent is None


async def test_labels_of_the_script_and_of_the_result_are_kept_together(
    owner: asyncpg.Connection, server_pool: Pool, worker_pool: Pool, people: People, claimed: ClaimedJob
):
    async def found(*labels: str, unwanted: tuple[str, ...] = ()) -> int:
        wanted = RunFilter(labels=Choice(labels, unwanted))
        async with acting_as(server_pool, people.alice) as connection:
            return len((await list_runs(connection, ["acme"], wanted, limit=10)).runs)

    assert [await found("daily"), await found("rain"), await found(unwanted=("daily",))] == [1, 0, 0]
    await finish_as(
        worker_pool, claimed.lease.worker_session, claimed.lease, labels=("rain", "daily", "élan")
    )
    run = await runs.read(owner, "acme", claimed.lease.job)
    assert run is not None
    assert run.labels == ("daily", "rain", "élan")
    assert [await found(label) for label in ("daily", "rain", "élan", "Rain")] == [1, 1, 1, 0]
    assert [await found("x", "rain"), await found(unwanted=("rain",)), await found(unwanted=("x",))] == [
        1,
        0,
        1,
    ]
