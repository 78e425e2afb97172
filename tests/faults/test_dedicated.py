"""Workers that keep processes for a script: tokens, cancels, jobs claimed ahead, lost workers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.faults.site import TOKEN, Site
from tests.ground.people import WORKSPACE
from tests.ground.processes import Server
from tests.ground.witness import EMPTY_LOCK, SCRIPT

PATH = "u/admin/once"
DEDICATED = f"{WORKSPACE}:{PATH}"
# Its attempt is that of the job, and not of the first that the process has run.
CONTENT = SCRIPT.replace(
    '    note(witness, "start")',
    '    global ATTEMPT\n    ATTEMPT = int(os.environ["WM_TOKEN"].split("_")[2])\n    note(witness, "start")',
)
KEEPING = """
import os, urllib.error, urllib.request
tokens = []
def status(token):
    url = f"{os.environ['BASE_URL']}/api/w/{os.environ['WM_WORKSPACE']}/users/whoami"
    try:
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code
def main(witness):
    tokens.append(os.environ["WM_TOKEN"])
    return [status(token) for token in tokens]
"""


async def deploy(server: Server, content: str = CONTENT, **settings: Any) -> None:
    body = {"path": PATH, "content": content, "language": "python3", "lock": EMPTY_LOCK}
    async with server.client(TOKEN) as client:
        answer = await client.post(
            f"/w/{WORKSPACE}/scripts/create", json=body | {"dedicated_worker": True} | settings
        )
    assert answer.status_code == 201, answer.text


@pytest.mark.long
async def test_jobs_of_a_killed_worker_begun_or_claimed_ahead_run_once_more_on_another(site: Site):
    server = await site.installation.server()
    await deploy(server)
    gate = site.witness.gate()
    held = await site.enqueue_deployed(server, gate=gate.path)
    ahead = [await site.enqueue_deployed(server) for _ in range(5)]
    first = await site.installation.worker(dedicated=DEDICATED)
    await site.witness.until("start", held)
    claimed = "select count(*) from job_queue where state = 'running'"
    assert await site.checker.owner.fetchval(claimed) > 1

    await site.kill(first)
    gate.open()
    await site.installation.worker(dedicated=DEDICATED, base_url=server.url)

    for job in (held, *ahead):
        assert (await site.checker.finished(job)).status == "success"
    assert [note.attempt for note in site.witness.notes("start", held)] == [1, 2]
    assert all(len(site.witness.notes("start", job)) == 1 for job in ahead)
    assert len({note.pid for job in ahead for note in site.witness.notes("start", job)}) == 1
    await _keep_tokens(site, server)
    await site.checker.check(site.acknowledged, most_attempts=2)


async def _keep_tokens(site: Site, server: Server) -> None:
    """Another version of the script, whose process keeps the token of each job: in the next it is dead."""
    await deploy(server, KEEPING, parent_hash=await site.checker.owner.fetchval("select hash from script"))
    for told in ([200], [401, 200]):
        job = await site.enqueue_deployed(server)
        assert json.loads((await site.checker.finished(job)).result) == told
        teardown = "select teardown from job_history where id = $1::text::uuid"
        told_of = json.loads(await site.checker.owner.fetchval(teardown, job))
        assert told_of.keys() == {"process_kept", "token_gone_at"}


@pytest.mark.long
async def test_what_was_claimed_ahead_of_a_long_job_is_given_back_or_canceled_unbegun(site: Site):
    server = await site.installation.server()
    await deploy(server)
    gate = site.witness.gate()
    held = await site.enqueue_deployed(server, gate=gate.path)
    other, unwanted = [await site.enqueue_deployed(server) for _ in range(2)]
    await site.installation.worker(dedicated=DEDICATED)
    await site.witness.until("start", held)
    assert await site.cancel(server, unwanted) == 200
    assert (await site.checker.finished(unwanted)).status == "canceled"
    # Another worker has time for it.
    await site.installation.worker(dedicated=DEDICATED)
    assert (await site.checker.finished(other)).status == "success"
    gate.open()
    assert (await site.checker.finished(held)).attempt == 1
    assert not site.witness.notes("start", unwanted)
    await site.checker.check(site.acknowledged, most_attempts=2)


@pytest.mark.long
async def test_a_worker_that_loses_its_lease_begins_nothing_that_it_has_claimed_ahead(site: Site):
    server = await site.installation.server()
    await deploy(server)
    gate = site.witness.gate()
    held = await site.enqueue_deployed(server, gate=gate.path)
    ahead = [await site.enqueue_deployed(server) for _ in range(5)]
    first = await site.installation.worker(dedicated=DEDICATED)
    await site.witness.until("start", held)
    await site.stop_past_lease(first)
    await site.installation.worker(dedicated=DEDICATED)
    gate.open()
    for job in (held, *ahead):
        assert (await site.checker.finished(job)).status == "success"
    await first.kill()
    await site.checker.check(site.acknowledged, most_attempts=2)


@pytest.mark.long
async def test_a_drained_worker_gives_back_what_it_has_not_begun(site: Site):
    server = await site.installation.server()
    await deploy(server, restart_if_lost=False)
    gate = site.witness.gate()
    held = await site.enqueue_deployed(server, gate=gate.path)
    ahead = [await site.enqueue_deployed(server) for _ in range(5)]
    first = await site.installation.worker(dedicated=DEDICATED, drain_seconds=60)
    await site.witness.until("start", held)
    await asyncio.gather(first.end(), _then_open(site, gate, held))
    assert (await site.checker.finished(held)).status == "success"
    await site.installation.worker(dedicated=DEDICATED)
    for job in ahead:
        assert (await site.checker.finished(job)).status == "success"
    await site.checker.check(site.acknowledged, most_attempts=2)


async def _then_open(site: Site, gate: Any, held: str) -> None:
    live = "select count(*) from job_queue where state = 'running' and id <> $1::text::uuid"
    await site.checker.until_value(0, live, held)
    gate.open()
