"""What is imported changes, and what imports it is locked again."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import asyncpg
import pytest

from headrace.db.transaction import acting_as
from headrace.lifecycle.cancel import cancel
from headrace.lifecycle.dependency_files import archive_file, create_file
from headrace.lifecycle.deploy import deploy_script
from headrace.lifecycle.import_map import note_gone, note_restored, rebuild
from headrace.lifecycle.launch import Wish, run_path
from headrace.model.outcome import ErrorName, failure
from headrace.model.script import NewScript
from headrace.store import imports
from tests.ground.jobs import claim_as, finish_as
from tests.ground.people import look_again, make_folder
from tests.integration.lifecycle.waves import Waves, make_waves

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from tests.ground.people import People

LIB, USER = "f/shared/lib", "f/shared/user"
IMPORTS_LIB = "from f.shared.lib import x\ndef main(): pass\n"


@pytest.fixture
async def people(owner: asyncpg.Connection, people: People) -> People:
    """Alice and bob may both write to one folder; another is alice's alone."""
    await make_folder(owner, "shared", owners=("u/alice", "u/bob"))
    await make_folder(owner, "secret", owners=("u/alice",))
    return dataclasses.replace(
        people, alice=await look_again(owner, people.alice), bob=await look_again(owner, people.bob)
    )


@pytest.fixture
async def waves(server_pool: Pool, worker_pool: Pool, owner: asyncpg.Connection) -> Waves:
    return await make_waves(server_pool, worker_pool, owner)


async def deploy_both(waves: Waves, people: People) -> None:
    """Alice's library, and bob's script that imports it; both locked."""
    await waves.deploy(people.alice, LIB, "# six\nx = 1\n")
    await waves.settle()
    await waves.deploy(people.bob, USER, IMPORTS_LIB)
    await waves.settle()


async def test_an_importer_gets_a_version_with_the_new_lock_and_nothing_else_new(
    waves: Waves, people: People
):
    await deploy_both(waves, people)
    before = dict(await waves.head(USER))
    assert before["lock"] == "# six"
    await waves.deploy(people.alice, LIB, "# six\n# idna\nx = 1\n")
    assert await waves.settle() == [LIB, USER]
    after = dict(await waves.head(USER))
    assert after["lock"] == "# idna\n# six"
    assert after["parent_hash"] == before["hash"]
    assert after["deployment_message"] == "locked again, because f/shared/lib changed (by alice)"
    new = {"hash", "parent_hash", "lock", "lock_job", "deployment_message", "created_at"}
    assert {name for name in before if before[name] != after[name]} - {"number"} == new
    relock = await waves.relock(USER)
    assert (relock.state, relock.version, relock.because) == ("changed", after["hash"], LIB)
    old = await waves.owner.fetchrow("select lock, archived from script where hash = $1", before["hash"])
    assert old is not None
    assert tuple(old) == ("# six", True), "a hash keeps its lock"


async def test_every_column_of_a_version_comes_along(waves: Waves, people: People):
    await deploy_both(waves, people)
    await waves.owner.execute(
        "update script set summary = 's', description = 'd', kind = 'trigger', schema = '{\"a\": 1.50}',"
        ' settings = \'{"tag": "x"}\', extra_perms = \'{"u/bob": true}\', is_library = true where path = $1',
        USER,
    )
    before = dict(await waves.head(USER))
    await waves.deploy(people.alice, LIB, "# idna\nx = 1\n")
    await waves.settle()
    after = dict(await waves.head(USER))
    assert after["hash"] != before["hash"]
    for name in ("summary", "description", "kind", "schema", "settings", "extra_perms", "is_library"):
        assert after[name] == before[name]


async def test_a_lock_that_comes_out_the_same_makes_no_version(waves: Waves, people: People):
    await deploy_both(waves, people)
    before = await waves.head(USER)
    await waves.deploy(people.alice, LIB, "# six\nimport idna\nx = 1\n")
    assert await waves.settle() == [LIB, USER]
    assert (await waves.head(USER))["hash"] == before["hash"]
    assert (await waves.relock(USER)).state == "unchanged"


async def test_a_change_that_no_lock_depends_on_locks_nothing_again(waves: Waves, people: People):
    await deploy_both(waves, people)
    await waves.deploy(people.alice, LIB, "# six\nx = 2\n")
    assert await waves.settle() == [LIB]


async def test_a_library_that_brings_its_lock_along_is_told_of_as_well(waves: Waves, people: People):
    await deploy_both(waves, people)
    await waves.deploy(people.alice, LIB, "# idna\nx = 1\n", lock="")
    assert await waves.settle() == [USER]
    assert (await waves.head(USER))["lock"] == "# idna"


async def test_a_library_that_cannot_be_locked_disturbs_nobody(waves: Waves, people: People):
    await deploy_both(waves, people)
    await waves.deploy(people.alice, LIB, "# nothing\nx = 1\n")
    [job] = await waves.claim()
    await finish_as(
        waves.worker, waves.session, job.lease, outcome=failure(ErrorName.DEPENDENCIES, "no such package")
    )
    assert await waves.settle() == []
    # Its next version is like it, but has a lock to tell of.
    await waves.deploy(people.alice, LIB, "# nothing\nx = 2\n")
    assert await waves.settle() == [LIB, USER]


async def test_a_version_that_was_superseded_before_it_was_locked_is_told_of(waves: Waves, people: People):
    await deploy_both(waves, people)
    await waves.deploy(people.alice, LIB, "# idna\nx = 1\n")
    await waves.deploy(people.alice, LIB, "# idna\nx = 2\n")
    for job in await waves.claim():
        await waves.lock(job)
    await waves.settle()
    assert (await waves.head(USER))["lock"] == "# idna"


async def test_a_diamond_is_locked_once(waves: Waves, people: People):
    await waves.deploy(people.alice, LIB, "# six\nx = 1\n")
    for name in ("left", "right"):
        await waves.deploy(people.alice, f"f/shared/{name}", "from .lib import x\n")
    await waves.deploy(people.bob, USER, "from .left import x\nfrom .right import x as y\ndef main(): pass\n")
    await waves.settle()
    await waves.deploy(people.alice, LIB, "# idna\nx = 1\n")
    assert sorted(await waves.settle()) == ["f/shared/left", LIB, "f/shared/right", USER]


async def test_a_circle_is_gone_round_once(waves: Waves, people: People):
    paths = [f"f/shared/{name}" for name in "abc"]
    for path, following in zip(paths, "bca", strict=True):
        await waves.deploy(people.alice, path, f"import f.shared.{following}\n")
    await waves.settle()
    await waves.deploy(people.alice, paths[0], "# six\nimport f.shared.b\n")
    assert sorted(await waves.settle()) == paths
    assert {(await waves.head(path))["lock"] for path in paths} == {"# six"}


async def test_a_chain_of_five_is_locked_to_its_end(waves: Waves, people: People):
    await waves.deploy(people.alice, "f/shared/s0", "# six\n")
    for number in range(1, 6):
        await waves.deploy(people.alice, f"f/shared/s{number}", f"from . import s{number - 1}\n")
    await waves.settle()
    await waves.deploy(people.alice, "f/shared/s0", "# idna\n")
    assert len(await waves.settle()) == 6
    assert (await waves.head("f/shared/s5"))["lock"] == "# idna"
    assert (await waves.relock("f/shared/s5")).because == "f/shared/s4"


async def test_changes_that_come_together_are_one_job(waves: Waves, people: People):
    await deploy_both(waves, people)
    await waves.deploy(people.alice, LIB, "# idna\n", lock="")
    await waves.start()
    await waves.deploy(people.alice, LIB, "# idna\n# attrs\n", lock="")
    await waves.start()
    assert await waves.settle() == [USER]
    assert (await waves.head(USER))["lock"] == "# attrs\n# idna"


async def test_a_change_while_the_job_runs_is_another_job(waves: Waves, people: People):
    await deploy_both(waves, people)
    await waves.deploy(people.alice, LIB, "# idna\n", lock="")
    await waves.start()
    [job] = await waves.claim()
    await waves.deploy(people.alice, LIB, "# attrs\n", lock="")
    await waves.start()
    await waves.lock(job)
    await waves.settle()
    assert waves.locked[-2:] == [USER, USER]
    assert (await waves.head(USER))["lock"] == "# attrs"


async def test_a_deployment_in_the_meantime_is_left_alone(waves: Waves, people: People):
    await deploy_both(waves, people)
    await waves.deploy(people.alice, LIB, "# idna\n", lock="")
    await waves.start()
    [job] = await waves.claim()
    version = await waves.deploy(people.bob, USER, IMPORTS_LIB + "# attrs\n")
    await waves.lock(job)
    await waves.settle()
    head = await waves.head(USER)
    assert (head["hash"], head["lock"]) == (version, "# attrs\n# idna")


async def test_jobs_run_on_the_old_lock_until_the_new_one_is_there(waves: Waves, people: People):
    await deploy_both(waves, people)
    before = await waves.head(USER)
    await waves.deploy(people.alice, LIB, "# idna\n", lock="")
    await waves.start()
    async with acting_as(waves.server, people.bob) as connection:
        launched = await run_path(connection, people.bob, USER, Wish())
    row = await waves.owner.fetchrow(
        "select j.script_hash, q.held from job j join job_queue q using (id) where id = $1", launched.job
    )
    assert row is not None
    assert tuple(row) == (before["hash"], None)


async def test_a_failure_leaves_the_version_and_says_who_and_why(waves: Waves, people: People):
    await deploy_both(waves, people)
    before = await waves.head(USER)
    await waves.deploy(people.alice, LIB, "# idna\n", lock="")
    await waves.start()
    [job] = await waves.claim()
    assert json.loads(job.args) == {"relock": {"because": LIB, "caused_by": "alice"}}
    broken = failure(ErrorName.DEPENDENCIES, "no such package: idna")
    await finish_as(waves.worker, waves.session, job.lease, outcome=broken)
    assert dict(await waves.head(USER)) == dict(before)
    relock = await waves.relock(USER)
    assert (relock.state, relock.message) == ("failed", "no such package: idna")
    # What failed is tried again with the next change, whatever it is.
    await waves.deploy(people.alice, LIB, "# idna\ny = 1\n", lock="")
    assert await waves.settle() == [USER]
    assert (await waves.relock(USER)).state == "changed"


async def test_a_job_that_is_canceled_leaves_the_version(waves: Waves, people: People):
    await deploy_both(waves, people)
    await waves.deploy(people.alice, LIB, "# idna\n", lock="")
    await waves.start()
    relock = await waves.relock(USER)
    assert relock.job is not None
    async with acting_as(waves.server, people.bob) as connection:
        await cancel(connection, relock.job, "bob", None)
    relock = await waves.relock(USER)
    assert (relock.state, relock.message) == ("failed", "Canceled by bob")


async def test_what_was_missing_is_deployed_and_its_importer_is_locked(waves: Waves, people: People):
    await waves.deploy(people.bob, USER, IMPORTS_LIB)
    await waves.settle()
    told = "f/shared/lib (imported by f/shared/user, line 1) does not exist in this workspace, or u/bob may"
    assert told in (await waves.head(USER))["lock_error"]
    await waves.deploy(people.alice, LIB, "# six\nx = 1\n")
    assert await waves.settle() == [LIB, USER]
    head = await waves.head(USER)
    assert (head["lock"], head["lock_error"]) == ("# six", None)


async def test_a_library_that_moves_takes_its_new_importers_and_tells_the_old(waves: Waves, people: People):
    await deploy_both(waves, people)
    head = await waves.head(LIB)
    async with acting_as(waves.server, people.alice) as connection:
        moved = NewScript(
            "f/shared/kit", "# six\nimport f.shared.base\n", "python3", parent_hash=head["hash"]
        )
        await deploy_script(connection, people.alice, moved)
    await waves.settle()
    relock = await waves.relock(USER)
    assert relock.state == "failed"
    assert "f/shared/lib (imported by f/shared/user, line 1)" in (relock.message or "")
    rows = await waves.owner.fetch("select importer_path, imported_path from script_import")
    assert ("f/shared/kit", "f/shared/base") in {tuple(row) for row in rows}
    assert LIB not in {row["importer_path"] for row in rows}


async def test_a_library_that_is_gone_is_told_of(waves: Waves, people: People):
    await deploy_both(waves, people)
    async with acting_as(waves.server, people.alice) as connection:
        await connection.execute("update script set archived = true where path = $1", LIB)
        await note_gone(connection, people.alice, LIB)
    assert await waves.settle() == [USER]
    assert (await waves.relock(USER)).state == "failed"
    assert (await waves.head(USER))["lock"] == "# six"


async def test_a_library_that_comes_back_is_told_of(waves: Waves, people: People):
    await deploy_both(waves, people)
    for archived, deed in ((True, note_gone), (False, note_restored)):
        async with acting_as(waves.server, people.alice) as connection:
            await connection.execute("update script set archived = $2 where path = $1", LIB, archived)
            await deed(connection, people.alice, LIB)
        await waves.settle()
    assert (await waves.relock(USER)).state == "unchanged"
    rows = await waves.owner.fetch("select importer_path from script_import")
    assert {row["importer_path"] for row in rows} == {LIB, USER}


# ------------------------------------------------------------------------------------------------ rights


async def test_a_script_is_locked_again_as_who_deployed_it(
    waves: Waves, people: People, owner: asyncpg.Connection
):
    await deploy_both(waves, people)
    await waves.deploy(people.alice, "f/secret/keys", "# attrs\n", lock="")
    await waves.deploy(people.alice, LIB, "# idna\nimport f.secret.keys\n", lock="")
    await waves.start()
    job = await owner.fetchrow("select permissioned_as, created_by, email from job where path = $1", USER)
    assert job is not None
    assert tuple(job) == ("u/bob", "bob", "bob@acme.test")
    await waves.settle()
    relock = await waves.relock(USER)
    assert relock.state == "failed", "bob may not read what his script imports now"
    assert "f/secret/keys (imported by f/shared/lib, line 2)" in (relock.message or "")
    assert "attrs" not in (await waves.head(USER))["lock"]


async def test_nothing_is_locked_as_somebody_who_has_gone(
    waves: Waves, people: People, owner: asyncpg.Connection
):
    await deploy_both(waves, people)
    await owner.execute("update workspace_user set disabled = true where username = 'bob'")
    await waves.deploy(people.alice, LIB, "# idna\n", lock="")
    assert await waves.settle() == []
    relock = await waves.relock(USER)
    assert (relock.state, relock.job) == ("left", None)
    assert (relock.message or "").startswith("u/bob, who deployed it, is no longer here")


async def test_nothing_is_locked_as_somebody_who_may_not_write_there_any_more(
    waves: Waves, people: People, owner: asyncpg.Connection
):
    await deploy_both(waves, people)
    before = await waves.head(USER)
    await waves.deploy(people.alice, LIB, "# idna\n", lock="")
    await waves.start()
    [job] = await waves.claim()
    await owner.execute("update folder set owners = '{u/alice}', extra_perms = '{\"u/bob\": false}'")
    await waves.lock(job)
    assert (await waves.head(USER))["hash"] == before["hash"]
    relock = await waves.relock(USER)
    assert relock.state == "left"
    assert "may no longer write to f/shared" in (relock.message or "")


async def test_nothing_is_locked_as_a_superadmin_who_is_none_any_more(
    waves: Waves, people: People, owner: asyncpg.Connection
):
    await deploy_both(waves, people)
    await owner.execute("update script_relock set permissioned_as = 'root@x.test' where path = $1", USER)
    await waves.deploy(people.alice, LIB, "# idna\n", lock="")
    assert await waves.settle() == []
    assert (await waves.relock(USER)).state == "left"
    await owner.execute("insert into instance_user (email, super_admin) values ('root@x.test', true)")
    await waves.deploy(people.alice, LIB, "# idna\ny = 1\n", lock="")
    assert await waves.settle() == [USER]


async def test_nobody_names_somebody_else_to_lock_as(waves: Waves, people: People):
    await deploy_both(waves, people)
    steals = "update script_relock set permissioned_as = 'u/alice' where path = $1"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with acting_as(waves.server, people.bob) as connection:
            await connection.execute(steals, USER)


async def test_no_version_comes_of_a_job_that_has_not_ended(waves: Waves, people: People):
    await deploy_both(waves, people)
    await waves.deploy(people.alice, LIB, "# idna\n", lock="")
    await waves.start()
    relock = await waves.relock(USER)
    adds = "select add_relocked_version($1, '00000000000000aa', 'evil', null)"
    async with waves.worker.acquire() as connection:
        assert await connection.fetchval(adds, relock.job) is False


# ------------------------------------------------------------------------------------------------ the map


async def test_the_map_is_shown_as_far_as_one_may_read_it(waves: Waves, people: People):
    await deploy_both(waves, people)
    await waves.deploy(people.alice, "f/secret/mine", "from f.shared.lib import x\n", lock="")
    seen: dict[str, list[tuple[str, str]]] = {}
    for person in (people.alice, people.bob):
        async with acting_as(waves.server, person) as connection:
            found = await imports.list_all(connection, "acme")
        seen[person.username] = [(item.importer, item.imported) for item in found]
    assert seen["bob"] == [(USER, LIB)]
    assert seen["alice"] == [("f/secret/mine", LIB), (USER, LIB)]


async def test_the_map_is_rebuilt_with_those_who_deployed(
    waves: Waves, people: People, owner: asyncpg.Connection
):
    await deploy_both(waves, people)
    before = await owner.fetch("select importer_path, imported_path from script_import order by 1, 2")
    await owner.execute("delete from script_import; delete from script_relock")
    async with acting_as(waves.server, people.admin) as connection:
        assert await rebuild(connection, people.admin) == 2
    assert await owner.fetch("select importer_path, imported_path from script_import order by 1, 2") == before
    await waves.deploy(people.alice, LIB, "# idna\nx = 1\n")
    assert await waves.settle() == [LIB, USER]


async def test_a_wave_takes_its_jobs_by_the_hundred(waves: Waves, people: People):
    await waves.deploy(people.alice, LIB, "# six\n", lock="")
    for number in range(105):
        await waves.deploy(people.alice, f"f/shared/n{number:03}", "from . import lib\n", lock="old")
    await waves.start()
    await claim_as(waves.worker, waves.session, "dependency", slots=100)
    await waves.deploy(people.alice, LIB, "# idna\n", lock="")
    await waves.start()
    await waves.start()
    assert await waves.owner.fetchval("select count(*) from script_relock where state = 'running'") == 105


# ------------------------------------------------------------------------------------------------ files


async def change_file(waves: Waves, people: People, name: str | None, content: str | None) -> None:
    """Give a file of dependencies another content, or archive it."""
    async with acting_as(waves.server, people.admin) as connection:
        if content is None:
            await archive_file(connection, people.admin, "python3", name)
        else:
            await create_file(connection, people.admin, "python3", name, content=content)


async def test_a_file_of_dependencies_is_followed_by_those_who_use_it(waves: Waves, people: People):
    await waves.deploy(people.alice, LIB, "# requirements: web\nx = 1\n")
    await waves.deploy(people.bob, USER, "# requirements:\n" + IMPORTS_LIB)
    await waves.deploy(people.bob, "f/shared/other", "# requirements:\n# six\n")
    await waves.deploy(people.bob, "f/shared/plain", "import six\n")
    await waves.settle()
    await change_file(waves, people, "web", "idna")
    assert sorted(await waves.settle()) == [LIB, USER]
    assert (await waves.head(USER))["lock"] == "# requirements:\n# requirements: web\nweb: idna"
    await change_file(waves, people, None, "attrs")
    assert sorted(await waves.settle()) == ["f/shared/plain"]
    assert "default: attrs" in (await waves.head("f/shared/plain"))["lock"]
    await change_file(waves, people, "web", None)
    assert sorted(await waves.settle()) == [LIB, USER]
    assert "web" not in (await waves.head(LIB))["lock"].replace("requirements: web", "")
