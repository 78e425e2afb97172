"""A server that is killed with requests in flight, and while somebody follows a job."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.faults.site import TOKEN, Site
from tests.ground.people import WORKSPACE
from tests.ground.processes import Server
from tests.ground.proxy import running_proxy

TALKER = """
import fcntl
import time


def main(witness: str, gate: str):
    number = 0
    with open(gate) as file:
        while True:
            print("line", number, flush=True)
            number += 1
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return number
            except BlockingIOError:
                time.sleep(0.002)
"""


@pytest.mark.long
async def test_a_repeated_request_gives_one_job_whenever_the_server_died(site: Site):
    """One request dies before its statement was carried out, the other after its COMMIT was."""
    async with running_proxy(site.database_url) as proxy:
        first, second, _ = await asyncio.gather(
            site.installation.server(database_url=proxy.url),
            site.installation.server(),
            site.installation.worker(),
        )
        before = proxy.hold_request("-- enqueue_job")
        requests = [asyncio.create_task(site.try_enqueue(first, key="before"))]
        await before.wait()
        after = proxy.hold_reply("-- enqueue_job", commit=True)
        requests.append(asyncio.create_task(site.try_enqueue(first, key="after")))
        await after.wait()
        await first.kill()
        for request in requests:
            with pytest.raises(httpx.TransportError):
                await request
        proxy.cut()

        committed = await site.checker.owner.fetchval("select id from job_id")
        assert await site.enqueue(second, key="after") == str(committed)
        job = await site.enqueue(second, key="before")
        assert await site.enqueue(second, key="before") == job
        for identity in (job, committed):
            assert (await site.checker.finished(identity)).status == "success"
        assert len(site.acknowledged) == 2
        await site.checker.check(site.acknowledged)


class Follower:
    """Somebody who follows a job as a browser does: after a cut it goes on where the last event left it."""

    def __init__(self, job: str) -> None:
        self._job = job
        self._place = ""
        self.log = ""
        self.last: dict[str, Any] = {}

    async def events(self, server: Server) -> AsyncIterator[dict[str, Any]]:
        """Each event once it is whole. Raises httpx.TransportError where the server is gone."""
        headers = {"Last-Event-ID": self._place} if self._place else {}
        path = f"/w/{WORKSPACE}/jobs_u/getupdate_sse/{self._job}"
        async with server.client(TOKEN) as client, client.stream("GET", path, headers=headers) as answer:
            answer.raise_for_status()
            fields: dict[str, str] = {}
            async for line in answer.aiter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "data" in fields:
                    self._place, self.last = fields["id"], json.loads(fields["data"])
                    self.log += self.last.get("new_logs", "")
                    fields = {}
                    yield self.last


@pytest.mark.long
async def test_who_follows_a_job_over_servers_that_are_killed_has_each_line_once(site: Site):
    server, _ = await asyncio.gather(site.installation.server(), site.installation.worker())
    gate = site.witness.gate()
    job = await site.enqueue(server, code=TALKER, gate=gate.path)
    follower = Follower(job)
    for count in (1, 5, 10):
        with pytest.raises(httpx.TransportError):
            await kill_after(follower.events(server), count, server)
        told = len(follower.log)
        server = await site.installation.server()
    async for event in follower.events(server):
        assert event["type"] == "update"
        if len(follower.log) > told + 1000:
            gate.open()
    assert follower.last["completed"]
    lines = follower.last["only_result"]
    assert follower.log == "".join(f"line {number}\n" for number in range(lines))
    assert follower.log == await site.logs(server, job)
    await site.checker.check(site.acknowledged)


async def kill_after(events: AsyncIterator[Any], count: int, server: Server) -> None:
    """Read so many events, kill the server, and read what it had still sent."""
    async for _ in events:
        count -= 1
        if count == 0:
            await server.kill()
