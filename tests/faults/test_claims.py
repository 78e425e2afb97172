"""Workers that claim at once."""

from __future__ import annotations

import asyncio
import json

import pytest

from headrace.model.ids import WorkspaceId
from headrace.model.job import JobKind, NewJob
from headrace.queue.enqueue import enqueue
from tests.faults.site import Site
from tests.ground.people import WORKSPACE
from tests.ground.witness import EMPTY_LOCK, SCRIPT


@pytest.mark.parametrize(
    ("workers", "jobs"), [(2, 100), pytest.param(8, 1000, marks=(pytest.mark.long, pytest.mark.timeout(600)))]
)
async def test_each_job_is_started_exactly_once(site: Site, workers: int, jobs: int):
    """All wait before their first claim, and are let go together."""
    hold = site.witness.folder / "claim.hold"
    hold.touch()
    settings = {"slots": 2, "failpoints": f"claim=wait:{hold}", "lease_seconds": 20}
    await asyncio.gather(*(site.installation.worker(**settings) for _ in range(workers)))
    new = NewJob(
        workspace=WorkspaceId(WORKSPACE),
        kind=JobKind.PREVIEW,
        created_by="admin",
        permissioned_as="u/admin",
        email=f"admin@{WORKSPACE}.test",
        tag="python3",
        args=json.dumps(site.witness.args()).encode(),
        language="python3",
        raw_code=SCRIPT,
        raw_lock=EMPTY_LOCK,
    )
    async with site.checker.owner.transaction():
        ids = [await enqueue(site.checker.owner, new) for _ in range(jobs)]
    hold.unlink()
    await site.checker.check(ids)
    assert {note.job for note in site.witness.notes("start")} == set(ids)
    assert await site.checker.owner.fetchval("select count(distinct worker) from job_history") == workers
