"""A job that fails and is to be run again: whoever dies in between, its chain has each link once."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from tests.faults.site import TOKEN, Site
from tests.ground.people import WORKSPACE
from tests.ground.witness import EMPTY_LOCK

CHAIN = "select id, parent_job, attempt, status, retry_number from job_history order by retry_number"


@pytest.mark.long
async def test_the_loss_of_a_worker_between_an_end_and_its_retry_leaves_one_chain(site: Site):
    armed = {"failpoints": f"complete_before_commit=kill:{site.witness.folder / 'worker'}"}
    server, *workers = await asyncio.gather(
        site.installation.server(), site.installation.worker(**armed), site.installation.worker(**armed)
    )
    script = {"path": "u/admin/fails", "content": "def main(): 1 / 0\n", "language": "python3"}
    policy = json.dumps({"constant": {"attempts": 2, "seconds": 0}})
    async with server.client(TOKEN) as client:
        await client.post(f"/w/{WORKSPACE}/scripts/create", json=script | {"lock": EMPTY_LOCK})
        run = await client.post(f"/w/{WORKSPACE}/jobs/run/p/u/admin/fails", params={"retry": policy}, json={})
    assert run.status_code == 201, run.text

    await site.checker.until_value(3, "select count(*) from job_history")
    killed = [worker for worker in workers if not worker.is_running]
    assert [await worker.ends() for worker in killed] == [-signal.SIGKILL]
    rows = await site.checker.owner.fetch(CHAIN)
    first = rows[0]["id"]
    assert str(first) == run.text
    assert [(row["status"], row["retry_number"], row["parent_job"]) for row in rows] == [
        ("failure", 0, None),
        ("failure", 1, first),
        ("failure", 2, first),
    ]
    assert [row["attempt"] for row in rows] == [2, 1, 1], "the first end that was written is not the first"
    await site.checker.check([row["id"] for row in rows], most_attempts=2)
