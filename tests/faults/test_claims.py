"""Workers that claim at once, and one that must not claim."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from headrace.model.ids import WorkspaceId
from headrace.model.job import JobKind, NewJob
from headrace.queue.enqueue import enqueue
from tests.faults.site import Site
from tests.ground.people import WORKSPACE
from tests.ground.witness import EMPTY_LOCK, SCRIPT, until_gone


@pytest.mark.parametrize(
    ("workers", "jobs"), [(2, 100), pytest.param(8, 1000, marks=(pytest.mark.long, pytest.mark.timeout(600)))]
)
async def test_each_job_is_started_exactly_once(site: Site, workers: int, jobs: int):
    """All wait before their first claim, and are let go together."""
    hold = site.witness.folder / "claim.hold"
    hold.touch()
    settings = {"slots": 2, "failpoints": f"claim=wait:{hold}", "lease_seconds": 20}
    await asyncio.gather(*(site.installation.worker(**settings) for _ in range(workers)))
    async with site.checker.owner.transaction():
        ids = [await enqueue(site.checker.owner, new_job(site)) for _ in range(jobs)]
    hold.unlink()
    await site.checker.check(ids)
    failed = "select id, status, convert_from(result, 'UTF8') from job_history where status <> 'success'"
    assert [tuple(row) for row in await site.checker.owner.fetch(failed)] == []
    assert {note.job for note in site.witness.notes("start")} == set(ids)
    assert await site.checker.owner.fetchval("select count(distinct worker) from job_history") == workers


@pytest.mark.long
async def test_a_worker_whose_lease_is_over_takes_no_job_until_it_has_another(site: Site):
    """No leader is there to end its session: the database would give it jobs that it may not begin."""
    hold = site.witness.folder / "renewal.hold"
    worker = await site.installation.worker(failpoints=f"renew=wait:{hold}")
    gate = site.witness.gate()
    first, second = [await enqueue(site.checker.owner, new_job(site, gate=gate.path)) for _ in range(2)]
    running = await site.witness.until("start", first)
    hold.touch()
    await worker.says("no word from the database for a whole lease")
    await until_gone(running.pid)
    await worker.says(f"{first}: attempt 1 is no longer ours")
    gate.open()
    hold.unlink()
    assert (await site.checker.finished(second)).attempt == 1
    await site.installation.server()
    assert (await site.checker.finished(first)).attempt == 2
    await site.checker.check([first, second], most_attempts=2)


def new_job(site: Site, **args: Any) -> NewJob:
    """A job that the witness sees, to be enqueued without a server."""
    return NewJob(
        workspace=WorkspaceId(WORKSPACE),
        kind=JobKind.PREVIEW,
        created_by="admin",
        permissioned_as="u/admin",
        email=f"admin@{WORKSPACE}.test",
        tag="python3",
        args=json.dumps(site.witness.args(**args)).encode(),
        language="python3",
        raw_code=SCRIPT,
        raw_lock=EMPTY_LOCK,
    )
