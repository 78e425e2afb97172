"""Workers that are killed: in the middle of jobs, and with a result in hand."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.faults.site import Site


async def test_jobs_of_a_killed_worker_run_again_or_fail_where_they_may_not(site: Site):
    server, first = await asyncio.gather(site.installation.server(), site.installation.worker(slots=2))
    await site.deploy(server, restart_if_lost=False)
    gate = site.witness.gate()
    job = await site.enqueue(server, gate=gate.path)
    once = await site.enqueue_deployed(server, gate=gate.path)
    for running in (job, once):
        await site.witness.until("start", running)

    await site.kill(first)
    await site.installation.worker()

    await site.witness.until("start", job, attempt=2)
    gate.open()
    again, lost = await site.checker.finished(job), await site.checker.finished(once)
    assert (again.status, again.attempt, again.result) == ("success", 2, b'{"attempt": 2}')
    assert (lost.status, lost.attempt) == ("failure", 1)
    assert b'"WorkerLost"' in lost.result
    assert len(site.witness.notes("start", once)) == 1
    await site.checker.check(site.acknowledged, most_attempts=2)


@pytest.mark.long
@pytest.mark.parametrize(
    ("moment", "settings"),
    [
        # A result that is to be kept is stored in the transaction of the end.
        ("complete_before_commit", {"cache_ttl": 60}),
        pytest.param("complete", {}, marks=pytest.mark.long),
    ],
)
async def test_a_result_that_was_in_hand_but_not_committed_is_made_again(
    site: Site, moment: str, settings: dict
):
    once = {"failpoints": f"{moment}=kill:{site.witness.folder / 'killed'}"}
    server, first, second = await asyncio.gather(
        site.installation.server(), site.installation.worker(**once), site.installation.worker(**once)
    )
    await site.deploy(server, **settings)
    job = await site.enqueue_deployed(server)
    finished = await site.checker.finished(job)
    assert (finished.status, finished.attempt, finished.result) == ("success", 2, b'{"attempt": 2}')
    assert [note.attempt for note in site.witness.notes("end", job)] == [1, 2]
    ended = [worker for worker in (first, second) if not worker.is_running]
    assert [await worker.ends() for worker in ended] == [-signal.SIGKILL]
    await site.checker.check(site.acknowledged, most_attempts=2)


@pytest.mark.long
async def test_a_job_that_takes_three_workers_with_it_is_quarantined(site: Site):
    server = await site.installation.server()
    workers = [await site.installation.start_worker(failpoints="run_job=kill") for _ in range(3)]
    poison = await site.enqueue(server)
    assert [await worker.ends() for worker in workers] == [-signal.SIGKILL] * 3
    held = "select held from job_queue where id = $1::text::uuid"
    await site.checker.until_value("quarantine", held, poison)

    await site.installation.worker()
    other = await site.enqueue(server)
    assert (await site.checker.finished(other)).status == "success"
    assert not site.witness.notes("start", poison)
    await site.checker.check(site.acknowledged, not_at_rest=[poison])

    assert await site.cancel(server, poison) == 200
    assert (await site.checker.finished(poison)).status == "canceled"
    await site.checker.check(site.acknowledged, most_attempts=3)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_workers_killed_at_any_moment_lose_nothing(site: Site):
    """Each round kills the worker that started some job, at whatever it is doing by then."""
    server = await site.installation.server()
    workers = [await site.installation.worker() for _ in range(3)]
    for round_ in range(20):
        jobs = [await site.enqueue(server, say=f"round {round_}") for _ in range(10)]
        await site.witness.until("start", jobs[round_ % 10])
        await site.kill(workers.pop(0))
        workers.append(await site.installation.worker())
        for job in jobs:
            assert (await site.checker.finished(job)).status == "success"
    await site.checker.check(site.acknowledged, most_attempts=3)
