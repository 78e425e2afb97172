"""The worker's conversation with the queue: what can't be written in passing holds nothing up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from headrace.db.listen import Switchboard
from headrace.model.outcome import Outcome, Status
from headrace.queue.exchange import Completion
from headrace.queue.sessions import WorkerInfo
from headrace.settings import Settings
from headrace.worker.completer import Completer
from headrace.worker.exchange import Exchange
from headrace.worker.lease import LeaseKeeper
from tests.ground.jobs import SUCCESS, enqueue_as

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Pool
    from headrace.db.roles import RoleLogins
    from tests.ground.people import People

INFO = WorkerInfo("worker", "default", "host", ["python3"], 2, "0", "none")


@asynccontextmanager
async def conversation(roles: RoleLogins, pool: Pool) -> AsyncIterator[Exchange]:
    switchboard = Switchboard(roles.worker, "tests")
    completer = Completer(pool, switchboard, INFO)
    lease = LeaseKeeper(roles.worker, INFO, Settings(), nothing_is_lost, nothing_is_held)
    await lease.open()
    completing = asyncio.create_task(completer.run())
    exchange = Exchange(roles.worker, INFO.tags, lease, completer, switchboard)
    yield exchange
    exchange.close()
    completing.cancel()
    await asyncio.gather(completing, return_exceptions=True)


async def test_a_held_row_is_waited_for_while_jobs_go_on_coming(
    owner: asyncpg.Connection, roles: RoleLogins, server_pool: Pool, worker_pool: Pool, people: People
):
    async with conversation(roles, worker_pool) as exchange:
        first, second = [await enqueue_as(server_pool, people.alice) for _ in range(2)]
        (claimed,) = await exchange.turn(1)
        settled = asyncio.get_running_loop().create_future()
        async with owner.transaction():
            await owner.execute("select from job_queue where id = $1 for update", first)
            exchange.put(Completion(claimed.lease, SUCCESS), settled.set_result)
            assert [job.lease.job for job in await exchange.turn(1)] == [second]
            assert not settled.done()
        assert await settled


async def test_an_end_that_can_not_be_stored_becomes_a_failure_and_its_neighbour_is_kept(
    owner: asyncpg.Connection, roles: RoleLogins, server_pool: Pool, worker_pool: Pool, people: People
):
    async with conversation(roles, worker_pool) as exchange:
        bad, good, third = [await enqueue_as(server_pool, people.alice) for _ in range(3)]
        ends = [asyncio.get_running_loop().create_future() for _ in range(2)]
        unstorable = Outcome(Status.CANCELED, b"null", canceled_by="a NUL: \x00")
        for job, outcome, end in zip(await exchange.turn(2), (unstorable, SUCCESS), ends, strict=True):
            exchange.put(Completion(job.lease, outcome), end.set_result)
        assert await exchange.turn(1) == []
        assert [job.lease.job for job in await exchange.turn(1)] == [third]
        assert await asyncio.gather(*ends) == [True, True]
    rows = await owner.fetch("select id, status from job_history")
    assert {row["id"]: row["status"] for row in rows} == {bad: "failure", good: "success"}


async def nothing_is_lost() -> None:
    pass


async def nothing_is_held(_connection: Connection) -> None:
    pass
