"""Cancelling: at any moment, and where the worker does not answer."""

from __future__ import annotations

import asyncio
import random
import signal

import pytest

from tests.faults.site import Site
from tests.ground.witness import until_gone


async def test_a_job_of_a_stopped_worker_can_be_ended_by_force(site: Site):
    server, worker = await asyncio.gather(
        site.installation.server(), site.installation.worker(lease_seconds=30)
    )
    gate = site.witness.gate()
    job = await site.enqueue(server, gate=gate.path)
    started = await site.witness.until("start", job)
    worker.signal(signal.SIGSTOP)

    assert await site.cancel(server, job) == 200
    assert await site.cancel(server, job, force=True) == 200
    finished = await site.checker.finished(job)
    assert (finished.status, finished.canceled_by) == ("canceled", "admin")

    worker.signal(signal.SIGCONT)
    await until_gone(started.pid)
    await worker.says(f"{job}: attempt 1 (is no longer ours|came too late)")
    assert not site.witness.notes("end")
    await site.checker.check(site.acknowledged)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_job_canceled_at_any_moment_ends_once(site: Site):
    """The moment is chance, from before its claim to after its end."""
    server, _, _ = await asyncio.gather(
        site.installation.server(),
        site.installation.worker(slots=2),
        site.installation.worker(slots=2),
    )
    chance = random.Random(32)

    async def cancel_some_time() -> str:
        job = await site.enqueue(server, say="working")
        await asyncio.sleep(chance.uniform(0, 0.5))
        status = await site.cancel(server, job, force=chance.random() < 0.3)
        assert status in (200, 404)
        return job

    for _ in range(25):
        for job in await asyncio.gather(*(cancel_some_time() for _ in range(8))):
            assert (await site.checker.finished(job)).status in ("success", "canceled")
    statuses = await site.checker.owner.fetch("select distinct status from job_history")
    assert {row["status"] for row in statuses} == {"success", "canceled"}
    await site.checker.check(site.acknowledged)
