"""Workers that stop for longer than their lease, and go on when others have their jobs."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.faults.site import Site
from tests.ground.processes import Process, Server
from tests.ground.proxy import running_proxy
from tests.ground.witness import until_gone


@pytest.mark.long
async def test_a_worker_that_was_stopped_past_its_lease_kills_its_job_by_itself(site: Site):
    server, first = await asyncio.gather(site.installation.server(), site.installation.worker())
    gate = site.witness.gate()
    job = await site.enqueue(server, gate=gate.path, say="says")
    stale = await site.witness.until("start", job)

    await site.stop_past_lease(first)
    await site.installation.worker()
    await site.witness.until("start", job, attempt=2)
    first.signal(signal.SIGCONT)

    await until_gone(stale.pid)
    gate.open()
    finished = await site.checker.finished(job)
    assert (finished.status, finished.attempt, finished.result) == ("success", 2, b'{"attempt": 2}')
    assert [note.attempt for note in site.witness.notes("end", job)] == [2]
    log = await site.logs(server, job)
    assert "says 2" in log
    assert "says 1" not in log
    await site.checker.check(site.acknowledged, most_attempts=2)


@pytest.mark.long
async def test_a_result_that_comes_too_late_is_refused(site: Site):
    """The worker stops itself with the result in hand; the other one has claimed, and not begun."""
    stopped = site.witness.folder / "stopped"
    server, first = await asyncio.gather(
        site.installation.server(), site.installation.worker(failpoints=f"complete=stop:{stopped}")
    )
    job = await site.enqueue(server, say="says")
    await site.witness.until_true(stopped.exists, "the stop with a result in hand")
    await first.stops()
    async with _claimed_by_another(site, first) as second:
        first.signal(signal.SIGCONT)
        # It ends when the first attempt is settled.
        first.signal(signal.SIGTERM)
        await first.ends()
    await _check_second_attempt(site, server, job, second)
    assert f"{job}: attempt 1 came too late" in first.output


@pytest.mark.long
async def test_output_that_comes_too_late_is_refused(site: Site):
    """It is on its way to PostgreSQL when the worker stops, and arrives when the other one has claimed."""
    async with running_proxy(site.database_url) as proxy:
        server, first = await asyncio.gather(
            site.installation.server(), site.installation.worker(database_url=proxy.url)
        )
        on_its_way = proxy.hold_request("-- append_log")
        gate = site.witness.gate()
        job = await site.enqueue(server, gate=gate.path, say="says")
        await on_its_way.wait()
        async with _claimed_by_another(site, first) as second:
            await on_its_way.release()
            first.signal(signal.SIGCONT)
            first.signal(signal.SIGTERM)
            await first.ends()
        gate.open()
        await _check_second_attempt(site, server, job, second)
        assert f"{job}: attempt 1 is no longer ours" in first.output


@pytest.mark.long
@pytest.mark.timeout(200)
async def test_a_worker_that_stops_in_the_middle_of_a_transaction_does_not_keep_its_job(site: Site):
    """It holds the lock of the job's row. PostgreSQL ends a transaction that is idle for half a minute."""
    stopped = site.witness.folder / "stopped"
    failpoints = f"complete_before_commit=stop:{stopped}"
    server, first = await asyncio.gather(
        site.installation.server(), site.installation.worker(failpoints=failpoints)
    )
    # A result that is to be kept is stored in the transaction of the end.
    await site.deploy(server, cache_ttl=60)
    job = await site.enqueue_deployed(server, say="says")
    await site.witness.until_true(stopped.exists, "the stop before the commit")
    await first.stops()
    second = await site.installation.worker()
    site.checker.patience_seconds = 100
    await _check_second_attempt(site, server, job, second)
    first.signal(signal.SIGCONT)
    await first.says(f"{job}: attempt 1 came too late")


@asynccontextmanager
async def _claimed_by_another(site: Site, first: Process) -> AsyncIterator[Process]:
    """While the block lasts another worker has the first one's job, and does not begin it."""
    hold = site.witness.folder / "claimed.hold"
    hold.touch()
    try:
        _, second = await asyncio.gather(
            site.stop_past_lease(first), site.installation.worker(failpoints=f"run_job=wait:{hold}")
        )
        await site.witness.until_reached(hold)
        yield second
    finally:
        hold.unlink()


async def _check_second_attempt(site: Site, server: Server, job: str, worker: Process) -> None:
    finished = await site.checker.finished(job)
    assert (finished.status, finished.attempt, finished.result) == ("success", 2, b'{"attempt": 2}')
    assert str(worker.pid) in (finished.worker or "")
    log = await site.logs(server, job)
    assert "says 2" in log
    assert "says 1" not in log
    await site.checker.check(site.acknowledged, most_attempts=2)
