"""Lists and histories read what they answer with, not the whole table, also under row-level security."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from headrace.db.transaction import acting_as
from headrace.model.ids import ScriptHash
from headrace.store import scripts
from headrace.store.script_history import Deployment, read_history
from headrace.store.script_list import ScriptFilter, list_scripts

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Pool
    from tests.ground.people import People

# 1,000 scripts, of which every 25th is alice's, each with two versions; and a line of 800.
SEED = """
  insert into script (workspace_id, hash, path, parent_hash, content, language, created_by, created_at,
                      archived)
  select 'acme', case when old then 'a' else 'b' end || lpad(n::text, 15, '0'),
         case when n % 25 = 0 then 'u/alice/s' else 'u/bob/s' end || n,
         case when not old then 'a' || lpad(n::text, 15, '0') end,
         repeat('x', 1000), 'python3', 'x', now() - n * interval '1 s', old
  from (values (true), (false)) version (old), generate_series(1, 1000) n;
  insert into script (workspace_id, hash, path, parent_hash, content, language, created_by, archived)
  select 'acme', 'c' || lpad(n::text, 15, '0'), 'u/alice/long',
         case when n > 1 then 'c' || lpad((n - 1)::text, 15, '0') end, 'x', 'python3', 'x', n < 800
  from generate_series(1, 800) n order by n;
  analyze script;
"""
LONG = ScriptHash("c" + "1".rjust(15, "0"))


@pytest.fixture
async def seeded(owner: asyncpg.Connection, people: People) -> People:
    await owner.execute(SEED)
    return people


async def rows_read(connection: Connection) -> int:
    """How many rows of scripts this transaction has looked at so far."""
    return await connection.fetchval(
        "select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables"
        " where relname = 'script'"
    )


async def test_a_page_of_the_list_costs_a_page(seeded: People, server_pool: Pool):
    async with acting_as(server_pool, seeded.admin) as connection:
        for page in range(3):
            wanted = ScriptFilter()
            found = await list_scripts(connection, "acme", wanted, limit=30, offset=30 * page)
            assert len(found) == 30
        assert await rows_read(connection) < 400


async def test_a_page_holds_what_one_may_read_however_much_lies_between(seeded: People, server_pool: Pool):
    async with acting_as(server_pool, seeded.alice) as connection:
        wanted = ScriptFilter(owners=["u/alice"])
        pages = [
            await list_scripts(connection, "acme", wanted, limit=20, offset=offset) for offset in (0, 20, 40)
        ]
        # Without the first wall the second one does the same.
        bare = await list_scripts(connection, "acme", ScriptFilter(), limit=20, offset=0)
    assert [len(page) for page in pages] == [20, 20, 1]
    assert [script.hash for script in bare] == [script.hash for script in pages[0]]


async def test_a_page_of_a_long_history_is_no_walk(seeded: People, server_pool: Pool):
    async with acting_as(server_pool, seeded.alice) as connection:
        history: list[Deployment] = []
        for _ in range(8):  # as often as it takes to get a plan for all values
            history = await read_history(connection, "acme", LONG, ["u/alice"], limit=10, offset=0)
        assert [item.number for item in history] == list(range(800, 790, -1))
        newest = await scripts.read_newest(connection, "acme", "u/alice/long")
        assert newest is not None
        assert len(await scripts.read_lineage(connection, "acme", newest)) == 100
        assert await scripts.read_line_head(connection, "acme", newest.line) == newest
        assert await rows_read(connection) < 400


async def test_the_last_version_of_an_archived_path_is_listed_once(
    seeded: People, owner: asyncpg.Connection, server_pool: Pool
):
    await owner.execute("update script set archived = true where path in ('u/alice/long', 'u/alice/s100')")
    async with acting_as(server_pool, seeded.alice) as connection:
        wanted = ScriptFilter(owners=["u/alice"], is_archived=True)
        found = await list_scripts(connection, "acme", wanted, limit=30, offset=0)
    assert [(script.path, script.number) for script in found] == [("u/alice/long", 800), ("u/alice/s100", 2)]
