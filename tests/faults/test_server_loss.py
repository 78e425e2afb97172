"""A server that is killed with requests in flight."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.faults.site import Site
from tests.ground.proxy import running_proxy


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
