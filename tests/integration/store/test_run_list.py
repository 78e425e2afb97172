"""A page of the list of runs costs a page, wherever it begins and whatever it is narrowed to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import pytest

from headrace.db.transaction import acting_as
from headrace.model.ids import JobId
from headrace.model.job import JobKind
from headrace.model.outcome import Status
from headrace.model.run import Choice, Position, RunFilter
from headrace.store.run_list import list_runs

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Pool
    from headrace.model.principal import Principal
    from tests.ground.people import People

ROWS = 200_000
# A second apart, over five partitions. Of what is rare there are three, in the oldest tenth.
SEED = f"""
  insert into job_history (id, workspace_id, kind, path, owner, script_hash, args, parent_job, root_job,
    created_by, created_at, scheduled_for, permissioned_as, email, tag, priority, visible_to_runner_only,
    is_flow_step, trigger_kind, schedule_path, labels, status, result, attempt, completed_at,
    duration_ms, worker, resolved_at)
  select uuid_v7(), 'acme', case when rare then 'preview' else 'script' end,
         case when rare then 'f/rare/s' else 'f/team/s' || n % 50 end,
         case when rare then 'f/rare' else 'f/team' end,
         lpad(case when rare then 'f' else (n % 50)::text end, 16, '0'), '{{}}',
         case when rare then '00000000-0000-7000-8000-000000000001'::uuid end, uuid_v7(),
         case when rare then 'rare' else 'user' || n % 20 end, at, at, 'u/' || n % 20, 'x@acme.test',
         case when rare then 'rare' else 'python3' end, 0, false, false, case when rare then 'http' end,
         case when rare then 'f/rare/t' end, case when rare then '{{rare}}'::text[] else '{{}}' end,
         case when rare then 'canceled' else 'success' end, 'null', 1,
         now() + (n % 5) * interval '7 days', 1, case when rare then 'rare' else 'w' || n % 4 end,
         case when rare then at end
  from (select n, n in ({ROWS - 9}, {ROWS - 6}, {ROWS - 3}) as rare, now() - n * interval '1 s' as at
        from generate_series(1, {ROWS}) n) as made;
  insert into job_label (workspace_id, label, completed_at, job_id, owner, permissioned_as, created_by,
                         visible_to_runner_only)
    select workspace_id, unnest(labels), completed_at, id, owner, permissioned_as, created_by, false
    from job_history;
  analyze job_history; analyze job_label;
"""
RARE = Choice(("rare",))
EQUALITIES = {
    "path": RunFilter(path_exact=Choice(("f/rare/s",))),
    "version": RunFilter(script_hash=Choice(("f".rjust(16, "0"),))),
    "creator": RunFilter(created_by=RARE),
    "tag": RunFilter(tag=RARE),
    "worker": RunFilter(worker=RARE),
    "label": RunFilter(labels=RARE),
    "schedule": RunFilter(schedule_path=Choice(("f/rare/t",))),
    "trigger": RunFilter(trigger_kind=Choice(("http",))),
    "kind": RunFilter(kinds=(JobKind.PREVIEW,)),
    "status": RunFilter(statuses=(Status.CANCELED,)),
    "failure": RunFilter(is_success=False),
    "resolved": RunFilter(is_resolved=True),
}


async def rows_read(connection: Connection) -> int:
    """How many rows of history this connection has looked at so far."""
    return await connection.fetchval(
        "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_xact_user_tables"
        " where relname like 'job\\_history\\_%'"
    )


@pytest.mark.long
async def test_a_page_costs_a_page(owner: asyncpg.Connection, server_pool: Pool, people: People):
    await owner.execute(SEED, timeout=600)
    for principal, rare in ((people.admin, 3), (people.alice, 0)):
        for name, wanted in EQUALITIES.items():
            assert await _cost(server_pool, principal, wanted) == (rare, True), (principal.username, name)
    # Of this there is no index: what looks at all rows is found to do so.
    assert await _cost(server_pool, people.admin, RunFilter(is_flow_step=True)) == (0, False)
    newest = await owner.fetchval("select max(created_at) from job_history")
    for wanted in (RunFilter(), RunFilter(worker=Choice(("w1",))), RunFilter(created_by=Choice(("user3",)))):
        for seconds in (0, ROWS // 2, ROWS - 10_000):
            place = Position(newest - timedelta(seconds=seconds), JobId(UUID(int=0)))
            assert await _cost(server_pool, people.admin, wanted, place) == (30, True), (wanted, seconds)


async def _cost(
    server_pool: Pool, principal: Principal, wanted: RunFilter, after: Position | None = None
) -> tuple[int, bool]:
    """How many runs a page has, and whether few rows were looked at for it."""
    async with acting_as(server_pool, principal) as connection:
        before = await rows_read(connection)
        found = await list_runs(connection, ["acme"], wanted, limit=30, after=after)
        return len(found.runs), await rows_read(connection) - before < 1000
