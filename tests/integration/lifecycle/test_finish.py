"""The end of a dependencies job takes effect: its version has a lock, and who waited for it may run."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import asyncpg
import pytest

from headrace.db.transaction import acting_as
from headrace.errors import InvalidInput, NotFound
from headrace.lifecycle.cancel import cancel
from headrace.lifecycle.deploy import deploy_script
from headrace.lifecycle.launch import Wish, run_hash, run_path
from headrace.model.outcome import ErrorName, Outcome, Status, failure
from headrace.model.script import NewScript
from headrace.store import scripts
from tests.ground.jobs import claim_as, finish_as, open_session
from tests.ground.people import look_again, make_folder

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from headrace.lifecycle.launch import Launched
    from headrace.model.ids import JobId, ScriptHash
    from headrace.model.principal import Principal
    from tests.ground.people import People

LOCKED = Outcome(Status.SUCCESS, json.dumps({"lock": "wmill==1"}).encode())
PATH = "f/shared/script"


@pytest.fixture
async def people(owner: asyncpg.Connection, people: People) -> People:
    """Alice may write to a folder that bob may only read."""
    await make_folder(owner, "shared", owners=("u/alice",), extra_perms={"u/bob": False})
    return type(people)(
        admin=people.admin,
        alice=await look_again(owner, people.alice),
        bob=await look_again(owner, people.bob),
    )


async def deploy(pool: Pool, principal: Principal) -> tuple[ScriptHash, JobId]:
    """Deploy a script; its version and its dependencies job."""
    script = NewScript(PATH, "def main(): pass", "python3")
    async with acting_as(pool, principal) as connection:
        version, launched = await deploy_script(connection, principal, script)
    assert launched is not None
    return version, launched.job


async def run(pool: Pool, principal: Principal, **wish) -> Launched:
    async with acting_as(pool, principal) as connection:
        return await run_path(connection, principal, PATH, Wish(**wish))


async def claim_lock_job(pool: Pool) -> tuple[int, list]:
    session = await open_session(pool, "dependency", "python3")
    return session, [job.lease for job in await claim_as(pool, session, "dependency")]


async def test_a_job_waits_for_the_lock_and_comes_with_it(
    server_pool: Pool, worker_pool: Pool, owner: asyncpg.Connection, people: People
):
    version, _ = await deploy(server_pool, people.alice)
    launched = await run(server_pool, people.bob)
    session, leases = await claim_lock_job(worker_pool)
    assert await claim_as(worker_pool, session) == []
    assert (await finish_as(worker_pool, session, *leases, outcome=LOCKED)).due_tags == {"python3"}
    assert [job.lease.job for job in await claim_as(worker_pool, session)] == [launched.job]
    script = await scripts.read(owner, "acme", version)
    assert script is not None
    assert script.lock == "wmill==1"


async def test_who_may_only_read_a_script_may_run_it(server_pool: Pool, worker_pool: Pool, people: People):
    await deploy(server_pool, people.alice)
    waiting = await run(server_pool, people.bob)
    session, leases = await claim_lock_job(worker_pool)
    await finish_as(worker_pool, session, *leases, outcome=LOCKED)
    ready = await run(server_pool, people.bob)
    jobs = [job.lease.job for job in await claim_as(worker_pool, session, slots=2)]
    assert jobs == [waiting.job, ready.job]


async def test_a_job_for_later_goes_on_waiting_for_its_time(
    server_pool: Pool, worker_pool: Pool, owner: asyncpg.Connection, people: People
):
    await deploy(server_pool, people.alice)
    await run(server_pool, people.bob, scheduled_in_seconds=3600.0)
    session, leases = await claim_lock_job(worker_pool)
    await finish_as(worker_pool, session, *leases, outcome=LOCKED)
    assert await owner.fetchval("select held from job_queue") == "future"


async def test_where_the_lock_fails_those_who_wait_are_let_go_and_later_ones_refused(
    server_pool: Pool, worker_pool: Pool, people: People
):
    version, _ = await deploy(server_pool, people.alice)
    waiting = await run(server_pool, people.bob)
    session, leases = await claim_lock_job(worker_pool)
    failed = failure(ErrorName.DEPENDENCIES, "no such package: nothing")
    assert (await finish_as(worker_pool, session, *leases, outcome=failed)).due_tags == {"python3"}
    assert [job.lease.job for job in await claim_as(worker_pool, session)] == [waiting.job]
    with pytest.raises(InvalidInput, match="no such package: nothing"):
        await run(server_pool, people.bob)
    async with acting_as(server_pool, people.alice) as connection:
        script = await scripts.read(connection, "acme", version)
    assert script is not None
    assert (script.lock, script.lock_error) == (None, "no such package: nothing")


async def test_a_canceled_lock_lets_go_jobs_that_its_canceler_does_not_see(
    server_pool: Pool, owner: asyncpg.Connection, people: People
):
    _, lock_job = await deploy(server_pool, people.alice)
    await run(server_pool, people.bob, invisible_to_owner=True)
    async with acting_as(server_pool, people.alice) as connection:
        finished = await cancel(connection, lock_job, "alice", None)
    assert finished is not None
    assert finished.due_tags == {"python3"}
    assert await owner.fetchval("select held from job_queue") is None


async def test_nobody_sets_a_lock_without_the_end_of_its_job(
    server_pool: Pool, owner: asyncpg.Connection, people: People
):
    _, lock_job = await deploy(server_pool, people.alice)
    async with acting_as(server_pool, people.bob) as connection:
        assert await scripts.settle_lock(connection, lock_job, "evil==1", None) == set()
    async with acting_as(server_pool, people.alice) as connection:
        await cancel(connection, lock_job, "alice", None)
        assert await scripts.settle_lock(connection, lock_job, "evil==1", None) == set()
    assert await owner.fetchval("select lock from script") is None


async def test_a_launch_and_the_coming_of_the_lock_at_once_leave_no_job_waiting(
    server_pool: Pool, worker_pool: Pool, owner: asyncpg.Connection, people: People
):
    version, _ = await deploy(server_pool, people.alice)
    session, leases = await claim_lock_job(worker_pool)

    async def launch() -> None:
        async with acting_as(server_pool, people.bob) as connection:
            await run_hash(connection, people.bob, version, Wish())

    await asyncio.gather(
        *(launch() for _ in range(5)),
        finish_as(worker_pool, session, *leases, outcome=LOCKED),
        *(launch() for _ in range(3)),
    )
    assert await owner.fetchval("select count(*) from job_queue") == 8
    assert await owner.fetchval("select count(*) from job_queue where held is not null") == 0


async def test_the_lock_waits_for_a_launch_that_has_seen_none(
    server_pool: Pool, worker_pool: Pool, owner: asyncpg.Connection, people: People
):
    """The very order in which a job could be left behind: launch looks, lock comes, launch commits."""
    version, _ = await deploy(server_pool, people.alice)
    session, leases = await claim_lock_job(worker_pool)
    async with acting_as(server_pool, people.bob) as connection:
        await run_hash(connection, people.bob, version, Wish())
        end = asyncio.create_task(finish_as(worker_pool, session, *leases, outcome=LOCKED))
        blocked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = $1"
        database = await owner.fetchval("select current_database()")
        while not await owner.fetchval(blocked, database):
            assert not end.done()
    assert (await end).due_tags == {"python3"}
    assert await owner.fetchval("select held from job_queue") is None


async def test_a_script_one_may_not_read_looks_as_if_it_were_not_there(
    server_pool: Pool, owner: asyncpg.Connection, people: People
):
    version, _ = await deploy(server_pool, people.alice)
    await owner.execute("update folder set extra_perms = '{}'")
    bob = await look_again(owner, people.bob)
    async with acting_as(server_pool, bob) as connection:
        with pytest.raises(NotFound):
            await run_hash(connection, bob, version, Wish())
