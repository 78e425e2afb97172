"""The way to PostgreSQL is cut after a statement was carried out and before its reply: was it, or not?"""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.site import Site
from tests.ground.proxy import running_proxy
from tests.ground.witness import until_gone


async def test_what_was_committed_without_an_answer_takes_effect_once(site: Site):
    """On enqueue, on claim, on storing output and on completing, of one and the same job."""
    hold = site.witness.folder / "claim.hold"
    hold.touch()
    async with running_proxy(site.database_url) as of_server, running_proxy(site.database_url) as of_worker:
        server, worker = await asyncio.gather(
            site.installation.server(database_url=of_server.url),
            site.installation.worker(database_url=of_worker.url, failpoints=f"claim=wait:{hold}"),
        )
        await site.witness.until_reached(hold)
        gate = site.witness.gate()
        args = {"key": "one", "gate": gate.path, "say": "before", "say_after": "after"}
        cut = of_server.drop_reply("-- enqueue_job", commit=True)
        response = await site.try_enqueue(server, **args)
        await cut.wait()
        assert response.status_code == 503
        assert response.headers["retry-after"]
        job = await site.enqueue(server, **args)
        assert await site.enqueue(server, **args) == job

        claimed = of_worker.drop_reply("-- complete_and_claim")
        logged = of_worker.drop_reply("-- append_log")
        hold.unlink()
        await claimed.wait()
        assert not site.witness.notes()
        await site.witness.until("start", job, attempt=2)
        await logged.wait()

        completed = of_worker.drop_reply("-- complete_and_claim")
        gate.open()
        await completed.wait()
        finished = await site.checker.finished(job)
        assert (finished.status, finished.attempt, finished.result) == ("success", 2, b'{"attempt": 2}')
        await worker.says(f"{job}: attempt 2 came too late")
        log = await site.logs(server, job)
        assert (log.count("before 2\n"), log.count("after 2\n")) == (1, 1)
        assert len(site.witness.notes("start", job)) == 1
        await site.checker.check(site.acknowledged, most_attempts=2)
        await site.installation.end()


@pytest.mark.long
async def test_a_way_that_falls_silent_is_given_up_and_its_jobs_run_elsewhere(site: Site):
    """No end, no reset: neither side is told."""
    async with running_proxy(site.database_url) as proxy:
        server, first = await asyncio.gather(
            site.installation.server(), site.installation.worker(database_url=proxy.url)
        )
        gate = site.witness.gate()
        job = await site.enqueue(server, gate=gate.path)
        stale = await site.witness.until("start", job)
        proxy.silence()
        await first.says("no word from the database for a whole lease")
        await until_gone(stale.pid)
        await site.installation.worker()
        await site.witness.until("start", job, attempt=2)
        gate.open()
        assert (await site.checker.finished(job)).attempt == 2
        proxy.resume()
        proxy.cut()
        await site.checker.until_value(2, "select count(*) from worker_session where ended_at is null")
        await site.checker.check(site.acknowledged, most_attempts=2)
        await site.installation.end()


@pytest.mark.long
async def test_a_slow_database_costs_nobody_their_lease(site: Site):
    async with running_proxy(site.database_url) as proxy:
        server, _ = await asyncio.gather(
            site.installation.server(), site.installation.worker(database_url=proxy.url)
        )
        proxy.delay_seconds = 0.2  # half of the time between renewals
        for _ in range(5):
            job = await site.enqueue(server, say="slow")
            assert (await site.checker.finished(job)).attempt == 1
        assert await site.checker.owner.fetchval("select count(*) from worker_session where lost") == 0
        await site.checker.check(site.acknowledged)
        await site.installation.end()


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_connections_cut_again_and_again_lose_nothing(site: Site):
    async with running_proxy(site.database_url) as proxy:
        server, _ = await asyncio.gather(
            site.installation.server(),
            site.installation.worker(database_url=proxy.url, slots=2),
        )
        for round_ in range(50):
            jobs = [await site.enqueue(server, say=f"round {round_}") for _ in range(4)]
            await site.checker.until_value(
                True, "select attempt > 0 from job_queue where id = $1::text::uuid union all"
                " select true from job_history where id = $1::text::uuid", jobs[round_ % 4],
            )  # fmt: skip
            proxy.cut()
            for job in jobs:
                assert (await site.checker.finished(job)).status == "success"
        await site.checker.check(site.acknowledged, most_attempts=10)
        await site.installation.end()
