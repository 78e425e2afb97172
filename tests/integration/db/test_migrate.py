"""Migrations: forward only, once, by one at a time, and refused where they would do harm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from headrace.db.connection import Login, connect
from headrace.db.migrate import check_current, load_migrations, migrate
from headrace.db.roles import RoleLogins
from headrace.errors import Misconfigured
from tests.ground.database import Cluster, roles_of, url_of

NAMES = [migration.name for migration in load_migrations()]


@pytest.fixture
async def fresh(cluster: Cluster) -> AsyncIterator[Login]:
    """An empty database."""
    async with cluster.database("template0") as login:
        yield login


async def snapshot(login: Login) -> list:
    """All objects of the database with the transaction that last wrote each."""
    connection = await connect(login, "tests")
    try:
        return await connection.fetch(
            "select relname, xmin::text from pg_class where relnamespace = 'headrace'::regnamespace"
            " union all select proname, xmin::text from pg_proc where pronamespace = 'headrace'::regnamespace"
            " union all select polname, xmin::text from pg_policy order by 1, 2"
        )
    finally:
        await connection.close()


async def test_a_second_run_does_nothing(fresh: Login):
    assert await migrate(fresh, roles_of(fresh.url)) == NAMES
    before = await snapshot(fresh)
    assert await migrate(fresh, roles_of(fresh.url)) == []
    assert await snapshot(fresh) == before


async def test_of_two_at_once_one_migrates_and_the_other_finds_it_done(fresh: Login):
    runs = await asyncio.gather(*(migrate(fresh, roles_of(fresh.url)) for _ in range(2)))
    assert sorted(runs) == [[], NAMES]


async def test_server_and_worker_see_that_the_schema_is_current(roles: RoleLogins):
    for login in (roles.server, roles.worker):
        connection = await connect(login, "tests")
        await check_current(connection)
        await connection.close()


async def test_an_empty_database_is_not_current(fresh: Login):
    connection = await connect(fresh, "tests")
    with pytest.raises(Misconfigured, match="run `headrace migrate` first"):
        await check_current(connection)
    await connection.close()


async def test_a_schema_newer_than_this_release_is_left_alone(login: Login, owner: asyncpg.Connection):
    await owner.execute("insert into schema_migration (version, name, checksum) values (9999, 'later', '')")
    with pytest.raises(Misconfigured, match="version 9999"):
        await migrate(login, roles_of(login.url))
    with pytest.raises(Misconfigured, match=r"version 9999.*newer than this release"):
        await check_current(owner)


async def test_a_migration_that_is_not_the_one_applied_is_refused(login: Login, owner: asyncpg.Connection):
    await owner.execute("update schema_migration set checksum = 'another' where version = 1")
    with pytest.raises(Misconfigured, match="0001_ground_floor is not the file that was applied"):
        await migrate(login, roles_of(login.url))


async def test_a_database_in_another_encoding_is_refused(cluster: Cluster):
    await cluster.execute(
        "create database latin encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' locale_provider libc"
        " template template0"
    )
    try:
        with pytest.raises(Misconfigured, match="SQL_ASCII; Headrace needs a database in UTF8"):
            await migrate(cluster.login("latin"), roles_of(cluster.url))
    finally:
        await cluster.execute("drop database latin")


async def test_an_owner_who_is_no_superuser_migrates_too(cluster: Cluster):
    roles = RoleLogins(
        server=Login(cluster.url, "managed_server", "x"), worker=Login(cluster.url, "managed_worker", "y")
    )
    await cluster.execute("create role managed login createrole createdb password 'z'")
    await cluster.execute("create database managed owner managed")
    owner = Login(url_of(cluster.url, "managed"), "managed", "z")
    try:
        # The roles that the migrations name belong to this cluster's superuser; these take their place.
        assert await migrate(owner, roles) == NAMES
        assert await migrate(owner, roles) == []
    finally:
        await cluster.execute("drop database managed with (force)")
        for name in ("managed_server", "managed_worker", "managed"):
            await cluster.execute(f"drop role if exists {name}")


async def test_an_owner_who_may_not_make_roles_is_told_so(cluster: Cluster):
    await cluster.execute("create role modest login password 'z'")
    await cluster.execute("create database modest owner modest")
    owner = Login(url_of(cluster.url, "modest"), "modest", "z")
    try:
        with pytest.raises(Misconfigured, match="CREATEROLE"):
            await migrate(owner, roles_of(owner.url))
    finally:
        await cluster.execute("drop database modest with (force)")
        await cluster.execute("drop role modest")


async def test_history_has_partitions_for_two_months_and_the_worker_may_add_more(
    owner: asyncpg.Connection, roles: RoleLogins
):
    count = "select count(*) from pg_inherits where inhparent = 'job_history'::regclass"
    assert await owner.fetchval(count) == 9
    newest = await owner.fetchval(
        "select max(inhrelid::regclass::text) from pg_inherits where inhparent = 'job_history'::regclass"
    )
    await owner.execute(f"drop table {newest}")
    worker = await connect(roles.worker, "tests")
    await worker.execute("select extend_job_history()")
    await worker.close()
    assert await owner.fetchval(count) == 9


async def test_versions_that_are_there_get_their_place_in_a_line(fresh: Login):
    """On what the release before has stored."""
    migrations = load_migrations()
    (number,) = [n for n, migration in enumerate(migrations) if migration.name.endswith("_versions")]
    connection = await connect(fresh, "tests")
    await connection.execute(
        "create schema headrace; set search_path = headrace, pg_temp;"
        " create table schema_migration (version integer)"
    )
    for migration in migrations[:number]:
        await connection.execute(migration.sql)
    await connection.execute("insert into workspace (id, name, owner) values ('acme', 'Acme', 'x')")
    await connection.execute(
        "insert into script (workspace_id, hash, path, parent_hash, content, language, created_by, archived)"
        " select 'acme', hash, path, parent, '', 'python3', 'x', archived from (values"
        " ('3', 'u/a/moved', '2', false), ('1', 'u/a/s', null, true), ('2', 'u/a/s', '1', true),"
        " ('x', 'u/a/t', null, false)) version (hash, path, parent, archived)"
    )
    await connection.execute(migrations[number].sql)
    # The release before goes on deploying for a while.
    await connection.execute(
        "insert into script (workspace_id, hash, path, parent_hash, content, language, created_by, archived)"
        " values ('acme', '4', 'u/a/s', '3', '', 'python3', 'x', true)"
    )
    placed = await connection.fetch("select hash, line, number from script order by hash")
    await connection.close()
    assert [tuple(row) for row in placed] == [
        ("1", "1", 1),
        ("2", "1", 2),
        ("3", "1", 3),
        ("4", "1", 4),
        ("x", "x", 1),
    ]
