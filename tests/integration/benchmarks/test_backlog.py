"""The queue that claims are measured on is made as enqueueing makes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from benchmarks.backlog import SQL, Backlog
from headrace.db.connection import connect
from tests.ground.jobs import open_session

if TYPE_CHECKING:
    from headrace.db.connection import Login, Pool
    from headrace.db.roles import RoleLogins


async def test_a_worker_claims_from_it_what_is_due_and_nothing_else(
    login: Login, owner: asyncpg.Connection, roles: RoleLogins, worker_pool: Pool
):
    session = await open_session(worker_pool, "one", "two")
    worker = await connect(roles.worker, "tests")
    try:
        backlog = Backlog(login, owner, worker, session)
        await backlog.fill(3, ["one", "two"])
        await backlog.fill(4, ["one"], priority=100, delay_seconds=3600)
        assert await backlog.settle() == {"due": 3, "future": 4}
        claimed = [await backlog.claim(["one", "two"]) for _ in range(4)]
        assert [len(claim.jobs) for claim in claimed] == [1, 1, 1, 0]
        await SQL.read_bloat.row(owner)
        await backlog.forget()
        assert await backlog.settle() == {"due": 0, "future": 0}
    finally:
        await worker.close()
