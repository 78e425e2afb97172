"""Locks that are made again: whoever dies in between, each importer gets its one new version."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.faults.site import TOKEN, Site
from tests.ground.people import WORKSPACE
from tests.ground.processes import Server

NEWEST = "select lock from script where path = 'u/admin/user' and not archived"


async def deploy(server: Server, name: str, content: str) -> None:
    """Deploy a script that brings a lock along, on top of what is there."""
    body = {"path": f"u/admin/{name}", "content": content, "language": "python3", "auto_parent": True}
    async with server.client(TOKEN) as client:
        response = await client.post(f"/w/{WORKSPACE}/scripts/create", json=body | {"lock": "# old"})
    assert response.status_code == 201, response.text


@pytest.mark.long
async def test_the_loss_of_leader_and_worker_leaves_one_new_version(site: Site):
    marks = {name: site.witness.folder / name for name in ("leader", "worker")}
    armed = {"failpoints": f"complete_before_commit=kill:{marks['worker']}"}
    leader = await site.installation.server(failpoints=f"relock_before_commit=kill:{marks['leader']}")
    await leader.says("leading")
    server, first, second = await asyncio.gather(
        site.installation.server(), site.installation.worker(**armed), site.installation.worker(**armed)
    )
    await deploy(server, "user", "from .lib import x\n")
    await deploy(server, "lib", "x = 1\n")

    assert await leader.ends() == -signal.SIGKILL
    await server.says("leading")
    await site.checker.until_value("# python 3.11\n", NEWEST)

    killed = [worker for worker in (first, second) if not worker.is_running]
    assert [await worker.ends() for worker in killed] == [-signal.SIGKILL]
    [ended] = await site.checker.owner.fetch("select id, attempt, status from job_history")
    assert (ended["attempt"], ended["status"]) == (2, "success")
    versions = "select count(*) from script where path = 'u/admin/user'"
    assert await site.checker.owner.fetchval(versions) == 2
    await site.checker.check([ended["id"]], most_attempts=2)
