"""The second wall, with the first one out of the way: the very logins that server and workers use."""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING

import asyncpg
import pytest

from headrace.db.connection import connect
from headrace.db.roles import SERVER_ROLE, WORKER_ROLE
from headrace.db.transaction import acting_as
from headrace.model.ids import JobId
from headrace.store.people import groups
from tests.ground.people import look_again, make_folder, make_member, make_workspace

if TYPE_CHECKING:
    from headrace.db.connection import Pool
    from headrace.db.roles import RoleLogins
    from headrace.model.principal import Principal
    from tests.ground.people import People

TABLES = """
  select relname, relrowsecurity from pg_class
  where relnamespace = 'headrace'::regnamespace and relkind in ('r', 'p') order by relname"""
LEDGER = "schema_migration"
WRITTEN_ONLY = {"relock_cause"}
SEALED = {"kept_result"}
JOB = """
  workspace_id, kind, path, args, root_job, created_by, scheduled_for, permissioned_as, email, tag,
  priority"""
ONE_OF_EACH = f"""
  insert into resource (workspace_id, path, resource_type, created_by)
    values ('acme', 'u/alice/r', 'any', 'alice');
  insert into variable (workspace_id, path, value, is_secret, created_by, edited_by)
    values ('acme', 'u/alice/v', 'x', false, 'alice', 'alice');
  insert into workspace_key (workspace_id, wrapped) values ('acme', 'x');
  insert into resource_type (workspace_id, name, created_by) values ('acme', 't', 'alice');
  insert into workspace (id, name, owner) values ('admins', 'Admins', 'root@instance.test');
  insert into resource_type (workspace_id, name, created_by) values ('admins', 'shared', 'root');
  insert into environment_variable (workspace_id, name, value) values ('acme', 'REGION', 'x');
  insert into script (workspace_id, hash, path, content, language, created_by)
    values ('acme', '0000000000000001', 'u/alice/s', '', 'python3', 'alice');
  insert into trash (workspace_id, item_kind, item_path, deleted_by)
    values ('acme', 'script', 'u/alice/s', 'admin');
  insert into draft (workspace_id, kind, path, email, username, value, saved_at)
    values ('acme', 'script', 'u/alice/s', 'alice@acme.test', 'alice', '{{}}', now());
  insert into script_import (workspace_id, importer_path, imported_path)
    values ('acme', 'u/alice/s', 'f/shared/x');
  insert into script_relock (workspace_id, path, permissioned_as, email)
    values ('acme', 'u/alice/s', 'u/alice', 'alice@acme.test');
  insert into relock_cause (workspace_id, imported_path, caused_by, only_failed)
    values ('acme', 'f/shared/x', 'alice', false);
  insert into workspace_dependencies (workspace_id, language, content, created_by)
    values ('acme', 'python3', 'six', 'alice');
  insert into raw_script (workspace_id, email, hash, content) values ('acme', 'alice@acme.test', 'x', 'x');
  insert into job_raw_script (job_id, path, raw_script)
    select '00000000-0000-7000-8000-000000000001', 'f/shared/x', id from raw_script;
  insert into signing_key (id, private_pem) values ('x', 'x');
  insert into token (hash, prefix, email) values ('x', 'x', 'alice@acme.test');
  insert into audit (workspace_id, username, operation, action_kind)
    values ('acme', 'alice', 'x', 'Created');
  insert into job_id (id, workspace_id) values ('00000000-0000-7000-8000-000000000001', 'acme');
  insert into job (id, {JOB})
    values ('00000000-0000-7000-8000-000000000001', 'acme', 'script', 'u/alice/s', '{{}}',
            '00000000-0000-7000-8000-000000000001', 'alice', now(), 'u/alice', 'alice@acme.test', 'python3',
            0);
  insert into job_queue (id, workspace_id, tag, priority, scheduled_for)
    values ('00000000-0000-7000-8000-000000000001', 'acme', 'python3', 0, now());
  insert into job_history (id, {JOB}, owner, created_at, visible_to_runner_only, is_flow_step, labels, status,
                           result, attempt, completed_at, duration_ms)
    values ('00000000-0000-7000-8000-000000000002', 'acme', 'script', 'u/alice/s', '{{}}',
            '00000000-0000-7000-8000-000000000002', 'alice', now(), 'u/alice', 'alice@acme.test', 'python3',
            0, 'u/alice', now(), false, false, '{{}}', 'success', 'null', 1, now(), 0);
  insert into job_id (id, workspace_id, completed_at) select id, workspace_id, completed_at from job_history;
  insert into job_log (job_id, attempt, start, chunk)
    values ('00000000-0000-7000-8000-000000000001', 1, 0, 'x');
  insert into job_log_large (job_id, attempt) values ('00000000-0000-7000-8000-000000000001', 1);
  insert into job_log_block (job_id, attempt, start, units, blob)
    values ('00000000-0000-7000-8000-000000000002', 1, 0, 1, '{{"name": "logs/acme/x"}}');
  insert into workspace_file (workspace_id, key, blob, created_by)
    values ('acme', 'x', '{{"name": "files/acme/y"}}', 'alice');
  insert into doubtful_blob (name, workspace_id, due_at) values ('files/acme/x', 'acme', now());
  insert into job_stream (job_id, attempt, start, chunk)
    values ('00000000-0000-7000-8000-000000000001', 1, 0, 'x');
  insert into job_label (workspace_id, label, completed_at, job_id, owner, permissioned_as, created_by,
                         visible_to_runner_only)
    select workspace_id, 'x', completed_at, id, owner, permissioned_as, created_by, false from job_history;
  insert into worker_session (worker, worker_group, host, tags, slots, version, isolation, expires_at)
    values ('w', 'default', 'h', '{{python3}}', 1, '0', 'none', now());
  insert into kept_result (workspace_id, script_hash, permissioned_as, cache_key, result, job_id, expires_at)
    values ('acme', '0000000000000001', 'u/alice', 'k', '1', '00000000-0000-7000-8000-000000000002',
            now() + interval '1 h');
  insert into idempotency_key (workspace_id, caller, route, key, request_hash, job_id)
    values ('acme', 'alice', 'r', 'k', 'x', '00000000-0000-7000-8000-000000000001');
"""


@pytest.fixture
async def furnished(owner: asyncpg.Connection, people: People) -> People:
    """A database with something in every table."""
    await make_folder(owner, "shared", owners=("u/alice",))
    await owner.execute(ONE_OF_EACH)
    return dataclasses.replace(people, alice=await look_again(owner, people.alice))


async def count(connection, table: str) -> int | None:
    """How many rows are seen; None where not even the question is allowed."""
    try:
        async with connection.transaction():
            return await connection.fetchval(f"select count(*) from {table}")
    except asyncpg.InsufficientPrivilegeError:
        return None


@pytest.mark.usefixtures("furnished")
async def test_without_an_identity_the_server_sees_nothing_at_all(
    owner: asyncpg.Connection, roles: RoleLogins
):
    tables = [row["relname"] for row in await owner.fetch(TABLES)]
    empty = [
        table for table in tables if not table.startswith("job_history_") and not await count(owner, table)
    ]
    assert not empty, "something must be there to be hidden"
    connection = await connect(roles.server, "tests")
    seen = {table: await count(connection, table) for table in tables}
    await connection.close()
    assert {table: rows for table, rows in seen.items() if rows} == {}


async def test_every_table_has_its_wall_but_the_ledger_which_is_closed(owner: asyncpg.Connection):
    bare = {row["relname"] for row in await owner.fetch(TABLES) if not row["relrowsecurity"]}
    assert bare == {LEDGER}
    for role in (SERVER_ROLE, WORKER_ROLE):
        rights = "select has_any_column_privilege($1, $2, 'select, insert, update, references')"
        assert not await owner.fetchval(rights, role, LEDGER)
        assert not await owner.fetchval(
            "select has_table_privilege($1, $2, 'delete, truncate')", role, LEDGER
        )


async def test_the_roles_are_nobody_and_own_nothing(owner: asyncpg.Connection):
    for role in (SERVER_ROLE, WORKER_ROLE):
        rights = await owner.fetchrow(
            "select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb as mighty,"
            " exists (select from pg_class where relowner = r.oid) as owns,"
            " exists (select from pg_auth_members where member = r.oid) as belongs"
            " from pg_roles r where rolname = $1",
            role,
        )
        assert dict(rights or {}) == {"mighty": False, "owns": False, "belongs": False}


async def test_functions_with_the_owners_rights_look_at_temporary_tables_last(owner: asyncpg.Connection):
    mighty = (
        "select proname, proconfig from pg_proc where prosecdef and pronamespace = 'headrace'::regnamespace"
    )
    rows = await owner.fetch(mighty)
    assert rows
    assert {row["proname"]: row["proconfig"] for row in rows} == {
        row["proname"]: ["search_path=headrace, pg_temp"] for row in rows
    }


@pytest.mark.usefixtures("furnished")
async def test_a_member_of_another_workspace_sees_none_of_this_one(
    owner: asyncpg.Connection, server_pool: Pool
):
    await make_workspace(owner, "other")
    stranger = await make_member(owner, "stranger", "other", is_admin=True)
    async with acting_as(server_pool, stranger) as connection:
        for row in await owner.fetch(
            "select table_name as name from information_schema.columns"
            " where table_schema = 'headrace' and column_name = 'workspace_id'"
            " and table_name not like 'job_history\\_%'"
        ):
            if row["name"] in WRITTEN_ONLY | SEALED:
                assert await count(connection, row["name"]) is None
                continue
            foreign = f"select count(*) from {row['name']} where workspace_id = 'acme'"
            assert await connection.fetchval(foreign) == 0, row["name"]


async def test_one_sees_ones_own_and_not_ones_neighbours(furnished: People, server_pool: Pool):
    seen: dict[str, dict[str, int | None]] = {}
    for name in ("alice", "bob", "admin"):
        async with acting_as(server_pool, getattr(furnished, name)) as connection:
            seen[name] = {
                table: await count(connection, table)
                for table in (
                    "job",
                    "job_queue",
                    "job_history",
                    "job_label",
                    "script",
                    "resource",
                    "variable",
                    "folder",
                )
            }
    assert set(seen["alice"].values()) == {1}
    assert set(seen["bob"].values()) == {0}
    assert set(seen["admin"].values()) == {1}


async def test_what_lies_at_a_path_is_changed_by_its_writers_only(furnished: People, server_pool: Pool):
    for table in ("variable", "resource"):
        for deed in (f"update {table} set value = '1'", f"delete from {table}"):
            async with acting_as(server_pool, furnished.bob) as connection:
                assert (await connection.execute(deed)).endswith(" 0")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with acting_as(server_pool, furnished.alice) as connection:
                await connection.execute(f"update {table} set path = 'u/bob/x'")
    for table, deeds in {
        "resource_type": ("update resource_type set description = ''", "delete from resource_type"),
        "environment_variable": ("update environment_variable set value = ''",),
        "workspace_key": (),
    }.items():
        async with acting_as(server_pool, furnished.bob) as connection:
            assert await count(connection, table), table
            for deed in deeds:
                assert (await connection.execute(deed)).endswith(" 0"), deed
    for table in ("variable", "workspace_key"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with acting_as(server_pool, furnished.bob) as connection:
                await connection.execute(f"update {table} set created_at = now()")


@pytest.mark.parametrize("read", ["read_job_log", "read_job_stream"])
async def test_log_and_stream_are_read_by_those_who_see_the_run(
    furnished: People, server_pool: Pool, read: str
):
    sql = f"select count(*) from {read}('00000000-0000-7000-8000-000000000001', 1, 0, 10)"
    for name, chunks in {"alice": 1, "bob": 0, "admin": 1}.items():
        async with acting_as(server_pool, getattr(furnished, name)) as connection:
            assert await connection.fetchval(sql) == chunks


async def test_who_may_see_a_run_but_not_end_it_cannot_take_half_of_it_away(
    furnished: People, owner: asyncpg.Connection, server_pool: Pool
):
    await make_folder(owner, "read", owners=("u/alice",), extra_perms={"u/bob": False})
    await owner.execute("update job set path = 'f/read/s'")
    bob = await look_again(owner, furnished.bob)
    assert "f/read" in bob.readable
    async with acting_as(server_pool, bob) as connection:
        assert await count(connection, "job_queue") == 1
        assert await connection.execute("delete from job_queue") == "DELETE 0"
        assert await connection.execute("delete from job") == "DELETE 0"
        assert await connection.execute("update job_queue set canceled_by = 'bob'") == "UPDATE 0"


async def test_nobody_enqueues_as_somebody_else(people: People, server_pool: Pool):
    stolen = f"""
      insert into job (id, {JOB}) values (uuid_v7(), 'acme', 'preview', null, '{{}}', uuid_v7(), 'bob', now(),
                                          'u/alice', 'alice@acme.test', 'python3', 0)"""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with acting_as(server_pool, people.bob) as connection:
            await connection.execute(stolen)


async def test_only_admins_delete_restore_and_erase(furnished: People, server_pool: Pool):
    for deed in ("trash_script('u/alice/s', null)", "erase_trash(null)"):
        async with acting_as(server_pool, furnished.alice) as connection:
            assert not await connection.fetchval(f"select {deed}"), deed
    for column in ("deleted = true", "content = ''", "trash_id = 1", "line = 'x'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with acting_as(server_pool, furnished.admin) as connection:
                await connection.execute(f"update script set {column}")
    async with acting_as(server_pool, furnished.admin) as connection:
        item = await connection.fetchval("select trash_script('u/alice/s', null)")
    async with acting_as(server_pool, furnished.alice) as connection:
        assert await count(connection, "script") == await count(connection, "trash") == 0
        assert await connection.fetch("select * from restore_trashed_script($1)", item) == []
    async with acting_as(server_pool, furnished.admin) as connection:
        assert len(await connection.fetch("select * from restore_trashed_script($1)", item)) == 1


async def test_a_draft_is_its_owners_and_never_a_jobs(furnished: People, server_pool: Pool):
    new = """
      insert into draft (workspace_id, kind, path, email, username, value, saved_at)
      values ('acme', 'variable', 'u/alice/v', 'alice@acme.test', 'alice', '1', now())"""
    inside = dataclasses.replace(furnished.alice, job=JobId(uuid.uuid4()))
    for thief in (furnished.bob, furnished.admin, inside):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with acting_as(server_pool, thief) as connection:
                await connection.execute(new)
    async with acting_as(server_pool, furnished.alice) as connection:
        await connection.execute(new)
    seen = {"alice": (furnished.alice, 2), "bob": (furnished.bob, 0), "admin": (furnished.admin, 1)}
    for name, (principal, rows) in (seen | {"job": (inside, 0)}).items():
        async with acting_as(server_pool, principal) as connection:
            assert await count(connection, "draft") == rows, name
            changed = await connection.execute("update draft set value = value")
            assert changed == f"UPDATE {rows if name == 'alice' else 0}", name


async def test_a_kept_result_is_had_by_whom_it_was_given_to_as_long_as_they_may_run_the_script(
    furnished: People, server_pool: Pool
):
    read = "select read_kept_result('0000000000000001', 'u/alice', 'k', $1)"
    for name, result in {"alice": b"1", "bob": None, "admin": b"1"}.items():
        async with acting_as(server_pool, getattr(furnished, name)) as connection:
            assert await connection.fetchval(read, 60) == result, name
            assert await connection.fetchval(read, 0) is None
    elsewhere = dataclasses.replace(furnished.alice, readable=())
    async with acting_as(server_pool, elsewhere) as connection:
        assert await connection.fetchval(read, 60) is None


async def test_history_is_erased_by_those_who_may_end_a_run_and_removed_by_admins(
    furnished: People, owner: asyncpg.Connection, server_pool: Pool
):
    job = "00000000-0000-7000-8000-000000000002"
    async with acting_as(server_pool, furnished.bob) as connection:
        assert not await connection.fetchval("select erase_run($1)", job)
        assert await connection.fetch("select * from workspaces_of_jobs($1)", [job]) == []
    for name in ("bob", "alice"):
        async with acting_as(server_pool, getattr(furnished, name)) as connection:
            assert await connection.fetch("select remove_runs($1)", [job]) == []
    assert not await owner.fetchval("select deleted from job_history")
    async with acting_as(server_pool, furnished.alice) as connection:
        assert await connection.fetchval("select erase_run($1)", job)
    assert await owner.fetchval("select count(*) from kept_result") == 0
    async with acting_as(server_pool, furnished.admin) as connection:
        assert len(await connection.fetch("select remove_runs($1)", [job])) == 1


async def test_who_may_see_a_waiting_job_but_not_end_it_cannot_hasten_it(
    furnished: People, owner: asyncpg.Connection, server_pool: Pool
):
    await make_folder(owner, "read", owners=("u/alice",), extra_perms={"u/bob": False})
    await owner.execute("update job set path = 'f/read/s'")
    for principal, rows in ((await look_again(owner, furnished.bob), 0), (furnished.admin, 1)):
        async with acting_as(server_pool, principal) as connection:
            assert await connection.execute("update job set scheduled_for = now()") == f"UPDATE {rows}"


async def changed_by(pool: Pool, who: Principal, statement: str) -> int | None:
    """How many rows a statement changed; None where it was refused."""
    try:
        async with acting_as(pool, who) as connection:
            return int((await connection.execute(statement)).rpartition(" ")[2])
    except asyncpg.InsufficientPrivilegeError:
        return None


async def test_folders_groups_members_and_workspaces_are_changed_by_those_whose_they_are(
    owner: asyncpg.Connection, people: People, server_pool: Pool
):
    await make_folder(owner, "team", owners=("u/alice",), extra_perms={"u/bob": True})
    await groups.add(owner, "acme", "devs", "", {"u/alice": True})
    alice, bob = [await look_again(owner, who) for who in (people.alice, people.bob)]
    for statement, by_alice in {
        "update folder set owners = '{}'": 1,
        "update workspace_group set extra_perms = '{}' where name <> 'all'": 1,
        "update workspace_group set summary = 'x' where name = 'all'": 0,
        "insert into group_member values ('acme', 'devs', 'bob')": 1,
        "insert into group_member values ('acme', 'all', 'nobody')": None,
        "delete from group_member where group_name = 'devs'": 1,
        "delete from group_member where group_name = 'all'": 0,
        "update workspace set name = 'x'": 0,
        "update workspace_user set is_admin = true": 0,
        "insert into workspace_user values ('acme', 'x', 'bob@acme.test')": None,
        "delete from folder": 1,
    }.items():
        # Without the right there is nothing to change, and what is new is refused.
        by_bob = None if statement.startswith("insert") else 0
        assert await changed_by(server_pool, bob, statement) == by_bob, statement
        assert await changed_by(server_pool, alice, statement) == by_alice, statement
    for statement in ("delete from group_member where group_name = 'all'", "delete from workspace_user"):
        assert not await changed_by(server_pool, people.admin, statement), statement


async def test_functions_that_remove_somebody_ask_who_calls(
    owner: asyncpg.Connection, people: People, server_pool: Pool
):
    superadmin = dataclasses.replace(people.admin, is_superadmin=True)
    inside = dataclasses.replace(superadmin, job=JobId(uuid.uuid4()))
    deeds = {
        "remove_member('bob')": people.alice,
        "remove_group('all')": people.admin,
        "remove_user('bob@acme.test')": people.admin,
        "set_password_of('bob@acme.test', 'x')": people.admin,
    }
    for deed, thief in deeds.items():
        async with acting_as(server_pool, thief) as connection:
            assert await connection.fetchval(f"select {deed}") is False, deed
    for deed in ("remove_user('bob@acme.test')", "set_own_password('x', '')"):
        async with acting_as(server_pool, inside) as connection:
            assert await connection.fetchval(f"select {deed}") is False, deed
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with acting_as(server_pool, superadmin) as connection:
            await connection.execute("select forget_identity('acme', 'u/bob')")
    async with acting_as(server_pool, superadmin) as connection:
        assert await connection.fetchval("select remove_user('bob@acme.test')") is True
    assert await owner.fetchval("select count(*) from workspace_user where username = 'bob'") == 0


async def test_the_audit_log_is_read_by_whom_it_concerns_and_changed_by_nobody(
    furnished: People, server_pool: Pool
):
    for who, rows in ((furnished.alice, 1), (furnished.bob, 0), (furnished.admin, 1)):
        async with acting_as(server_pool, who) as connection:
            assert await count(connection, "audit") == rows
    for statement in ("update audit set username = 'bob'", "delete from audit"):
        assert await changed_by(server_pool, furnished.admin, statement) is None


async def test_a_token_is_its_owners_and_never_a_jobs(furnished: People, server_pool: Pool):
    inside = dataclasses.replace(furnished.alice, job=JobId(uuid.uuid4()))
    for who, rows in ((furnished.alice, 1), (furnished.bob, 0), (furnished.admin, 0), (inside, 0)):
        assert await changed_by(server_pool, who, "update token set label = 'x'") == rows


async def test_the_key_of_a_workspace_is_changed_by_its_admins_and_never_by_a_job(
    owner: asyncpg.Connection, people: People, server_pool: Pool
):
    await owner.execute("insert into workspace_key values ('acme', 'x')")
    inside = dataclasses.replace(people.admin, job=JobId(uuid.uuid4()))
    for who, rows in ((people.alice, 0), (inside, 0), (people.admin, 1)):
        assert await changed_by(server_pool, who, "update workspace_key set wrapped = 'y'") == rows
