"""A leader that is stopped or killed: another one takes its place, and what it left undone is done."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.faults.site import Site


@pytest.mark.long
@pytest.mark.parametrize(
    "number", [signal.SIGSTOP, pytest.param(signal.SIGKILL, marks=pytest.mark.long)], ids=lambda n: n.name
)
async def test_another_server_leads_when_the_leader_is_gone(site: Site, number: signal.Signals):
    leader, worker = await asyncio.gather(site.installation.server(), site.installation.worker())
    await leader.says("leading")
    other = await site.installation.server()
    gate = site.witness.gate()
    job = await site.enqueue(other, gate=gate.path)
    await site.witness.until("start", job)

    leader.signal(number)
    await site.kill(worker)
    await site.installation.worker()
    await other.says("leading")
    await site.witness.until("start", job, attempt=2)

    if number is signal.SIGSTOP:
        leader.signal(signal.SIGCONT)
        assert await site.enqueue(leader, gate=gate.path)
    gate.open()
    assert (await site.checker.finished(job)).attempt == 2
    await site.checker.check(site.acknowledged, most_attempts=2)
