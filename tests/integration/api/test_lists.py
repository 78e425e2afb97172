"""Lists of jobs: every filter of the contract, pages by number and by cursor, and how many there are."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from headrace.store import run_counts, run_list, workspaces
from tests.integration.api.callers import Api, PlayedWorker, in_workspace

# Eight finished jobs and three live ones of alice's, an hour apart by when they were made: the name is the
# last digit of the id.
HISTORY = """
  insert into job_history (id, workspace_id, kind, path, owner, script_hash, language, args, parent_job,
    root_job, created_by, created_at, scheduled_for, permissioned_as, email, tag, priority,
    visible_to_runner_only, is_flow_step, trigger_kind, schedule_path, labels, status, result, attempt,
    started_at, completed_at,
    duration_ms, worker, entry)
  select ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'acme', kind, path, path_owner(path),
         '000000000000000' || n, 'python3', convert_to(args, 'UTF8'),
         case when n = 8 then '00000000-0000-7000-8000-000000000001'::uuid end, uuid_v7(),
         created_by, at, at, 'u/alice', 'alice@acme.test', tag, 0, false, false, trigger_kind, schedule_path,
         case when label is null then '{}' else array[label] end, status, convert_to(result, 'UTF8'), 1,
         at + interval '10 min', at + interval '20 min', 1, worker, entry
  from (select *, now() - n * interval '1 hour' as at from (values
    (1, 'script', 'u/alice/a', '{"x": 1, "s": "é"}', 'alice', 'python3', null, null, 'daily', 'success',
     '{"n": 1.0, "m": [1]}', 'w-one', null),
    (2, 'script', 'u/alice/b', '{"x": 2}', 'alice', 'python3', 'webhook', null, 'daily_rain', 'failure',
     '{"error": {}}', 'w-one', null),
    (3, 'script', 'f/team/a_b', '{"x": 1.0, "y": {"z": [1, 2]}}', 'bob', 'gpu', 'schedule', 'f/team/nightly',
     null, 'skipped', '5', 'w-two', null),
    (4, 'preview', 'u/alice/a', '{}', 'alice', 'gpu-big', null, null, 'snow', 'canceled', '{"error": {}}',
     null, 'other'),
    (5, 'dependencies', null, '{}', 'alice', 'dependency', null, null, null, 'success', '[1, 2]', 'w-two',
     null),
    (6, 'script', 'f/team/axb', '[]', 'carol', 'a%b', 'http', null, null, 'success', 'null', 'w-two', null),
    (7, 'script', 'f/other/a', '{"x": "1"}', 'alice', 'python3', null, null, null, 'success', '"x"', 'w-one',
     null),
    (8, 'script', 'u/alice/a', '{"x": null}', 'alice', 'python3', null, null, 'daily', 'success', '1',
     'w-one', null)
  ) as v (n, kind, path, args, created_by, tag, trigger_kind, schedule_path, label, status, result, worker,
          entry)) as j;
  insert into job_id (id, workspace_id, completed_at) select id, workspace_id, completed_at from job_history;
  insert into job_label (workspace_id, label, completed_at, job_id, owner, permissioned_as, created_by,
                         visible_to_runner_only)
    select workspace_id, unnest(labels), completed_at, id, owner, permissioned_as, created_by, false
    from job_history;
  insert into job_id (id, workspace_id)
    select ('00000000-0000-7000-8000-00000000000' || name)::uuid, 'acme'
    from unnest('{a,b,c}'::text[]) as name;
  insert into job (id, workspace_id, kind, path, args, root_job, created_by, created_at, scheduled_for,
                   permissioned_as, email, tag, priority, labels)
    select id, 'acme', 'script', 'u/alice/live', '{"x": 1}', id, 'alice',
           now() - ascii(right(id::text, 1)) * interval '1 minute', now(), 'u/alice', 'alice@acme.test',
           'python3', 0, '{daily}'
    from job_id where completed_at is null;
  insert into job_queue (id, workspace_id, tag, priority, scheduled_for, state, limit_key, held)
    values ('00000000-0000-7000-8000-00000000000a', 'acme', 'python3', 0, now(), 'queued', 'key', null),
           ('00000000-0000-7000-8000-00000000000b', 'acme', 'python3', 0, now() + interval '1 h', 'queued',
            null, 'future'),
           ('00000000-0000-7000-8000-00000000000c', 'acme', 'python3', 0, now(), 'suspended', null, null);
"""
ALL = "1abc2345678"

CASES: list[tuple[dict[str, Any], str]] = [
    ({}, ALL),
    ({"order_desc": False}, ALL[::-1]),
    ({"created_by": "alice"}, "1abc24578"),
    ({"created_by": "bob,carol"}, "36"),
    ({"created_by": "!alice"}, "36"),
    ({"created_by": "!alice,!bob"}, "6"),
    ({"script_path_exact": "u/alice/a"}, "148"),
    ({"script_path_exact": "u/alice/a,u/alice/b"}, "1248"),
    ({"script_path_exact": "!u/alice/a,!u/alice/live"}, "23567"),
    ({"script_path_start": "f/team/,f/other/"}, "367"),
    ({"script_path_start": "!u/alice/"}, "3567"),
    ({"script_hash": "0000000000000003"}, "3"),
    ({"tag": "gpu"}, "3"),
    ({"tag": "gpu*"}, ""),
    ({"tag": "gpu*", "allow_wildcards": True}, "34"),
    ({"tag": "*%*", "allow_wildcards": True}, "6"),
    ({"tag": "!gpu*,!python3", "allow_wildcards": True}, "56"),
    ({"worker": "w-two"}, "356"),
    ({"worker": "!w-two"}, "1abc2478"),
    ({"worker": "*one", "allow_wildcards": True}, "1278"),
    ({"label": "daily"}, "1abc8"),
    ({"label": "daily", "success": True}, "18"),
    ({"label": "daily,snow"}, "1abc48"),
    ({"label": "!daily"}, "234567"),
    ({"label": "daily_*", "allow_wildcards": True}, "2"),
    ({"label": "!da*", "allow_wildcards": True}, "34567"),
    ({"schedule_path": "f/team/nightly"}, "3"),
    ({"trigger_path": "f/team/nightly"}, "3"),
    ({"is_not_schedule": True, "tag": "gpu,gpu-big"}, "4"),
    ({"trigger_kind": "webhook,http"}, "26"),
    ({"trigger_kind": "!webhook"}, "1abc345678"),
    ({"job_kinds": "preview,dependencies"}, "45"),
    ({"job_kinds": "!script"}, "45"),
    ({"job_kinds": "flow"}, ""),
    ({"parent_job": "00000000-0000-7000-8000-000000000001"}, "8"),
    ({"has_null_parent": False}, "8"),
    ({"is_flow_step": True}, ""),
    ({"status": "success"}, "15678"),
    ({"success": True}, "135678"),
    ({"success": False}, "24"),
    ({"is_skipped": True}, "3"),
    ({"is_skipped": False}, "1abc245678"),
    ({"running": False}, "abc"),
    ({"running": True}, ""),
    ({"suspended": True}, "c"),
    ({"suspended": False}, "1ab2345678"),
    ({"scheduled_for_before_now": True}, "ac"),
    ({"scheduled_for_before_now": False}, "b"),
    ({"concurrency_key": "key"}, "a"),
    ({"resolved": True}, ""),
    ({"resolved": False}, "12345678"),
    ({"excludes_entrypoint_override": True, "script_path_exact": "u/alice/a"}, "18"),
    ({"args": '{"x": 1}'}, "1abc3"),
    ({"args": '{"y": {"z": [2]}}'}, "3"),
    ({"args": '{"s": "é"}'}, "1"),
    ({"args": '{"x": 1}', "result": '{"n": 1}'}, "1"),
    ({"result": "2"}, "5"),
    ({"result": "[1]"}, "5"),
    ({"broad_filter": "NIGHT"}, "3"),
    ({"broad_filter": "rain"}, "2"),
    ({"broad_filter": "%"}, "6"),
]


@pytest.fixture
async def history(owner: asyncpg.Connection, api: Api) -> Api:
    await owner.execute(HISTORY)
    return api


async def names(api: Api, route: str = "jobs/list", caller: str = "admin", **query: Any) -> str:
    answer = await getattr(api, caller).get(in_workspace(route), params=query)
    assert answer.status_code == 200, answer.text
    return "".join((job if isinstance(job, str) else job["id"])[-1] for job in answer.json())


async def test_each_filter_leaves_what_it_says(history: Api):
    found = {str(query): await names(history, **query) for query, _ in CASES}
    assert found == {str(query): wanted for query, wanted in CASES}


async def test_times_are_exclusive_after_and_inclusive_before(history: Api, owner: asyncpg.Connection):
    row = await owner.fetchrow(
        "select created_at, started_at, completed_at from job_history where right(id::text, 1) = '4'"
    )
    assert row is not None
    for field, live in (("created", "abc"), ("started", ""), ("completed", "")):
        instant = row[f"{field}_at"].isoformat()
        early = "123" if field != "created" else "1abc23"
        assert await names(history, **{f"{field}_after": instant}) == early, (field, live)
        assert await names(history, **{f"{field}_before": instant}) == "45678", field
    instant = row["started_at"].isoformat()
    assert await names(history, created_or_started_before=instant) == "45678"
    assert await names(history, created_or_started_after=instant) == "1abc23"
    queue = {"created_before_queue": row["created_at"].isoformat(), "job_kinds": "script"}
    assert await names(history, **queue) == "123678"
    queue = {"created_after_queue": row["created_at"].isoformat(), "tag": "python3"}
    assert await names(history, **queue) == "1abc278"


async def test_the_halves_and_the_ids_are_lists_of_their_own(history: Api):
    assert await names(history, "jobs/queue/list") == "abc"
    assert await names(history, "jobs/completed/list") == "12345678"
    assert await names(history, "jobs/list_filtered_uuids", tag="python3") == "1abc278"
    assert await names(history, "jobs/queue/list_filtered_uuids", label="daily") == "abc"
    assert await names(history, caller="bob") == "3"
    assert await names(history, "jobs/list_filtered_uuids", caller="bob") == "3"


async def test_filters_that_together_leave_nothing_are_an_empty_list(history: Api):
    query = {"script_path_exact": "u/alice/a", "is_skipped": True}
    for route in ("jobs/queue/list", "jobs/queue/list_filtered_uuids"):
        answer = await history.alice.get(in_workspace(route), params=query)
        assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize("order_desc", [True, False])
async def test_a_cursor_goes_through_a_list_once(history: Api, owner: asyncpg.Connection, order_desc: bool):
    # At the same instant only the id tells one job from another.
    await owner.execute("update job_history set created_at = now() where right(id::text, 1) < '6'")
    seen, path = "", in_workspace(f"jobs/list?per_page=2&tag=!a%25b&order_desc={order_desc}")
    while path:
        answer = await history.admin.get(path)
        seen += "".join(job["id"][-1] for job in answer.json())
        path = answer.links["next"]["url"].removeprefix("/api") if "next" in answer.links else ""
        assert ("x-next-cursor" in answer.headers) == bool(path)
    assert sorted(seen) == sorted(ALL.replace("6", ""))
    assert seen == await names(history, tag="!a%b", order_desc=order_desc)


async def test_pages_by_number_are_the_same_list(history: Api):
    pages = [await names(history, page=page, per_page=4) for page in (0, 1, 2, 3, 4)]
    assert pages == [ALL[:4], ALL[:4], ALL[4:8], ALL[8:], ""]


async def test_a_scan_stops_and_says_where_and_the_cursor_goes_on_there(
    history: Api, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(run_list, "MOST_SCANNED", 4)
    seen, rounds, cursor = "", 0, ""
    while rounds == 0 or cursor:
        query = {"args": '{"x": 1}', "cursor": cursor}
        answer = await history.admin.get(in_workspace("jobs/list"), params=query)
        seen += "".join(job["id"][-1] for job in answer.json())
        cursor = answer.headers.get("x-next-cursor", "")
        assert ("x-scan-stopped-at" in answer.headers) == bool(cursor)
        rounds += 1
    assert (seen, rounds) == ("1abc3", 3)
    assert "x-scan-stopped-at" not in (await history.admin.get(in_workspace("jobs/list?tag=gpu"))).headers


async def test_a_superadmin_sees_all_workspaces_from_that_of_the_superadmins(
    history: Api, owner: asyncpg.Connection
):
    await workspaces.add(owner, "admins", "Admins", "root@instance.test")
    everywhere = {"all_workspaces": True}

    async def seen(caller: str, workspace: str, path: str = "jobs/list") -> Any:
        answer = await getattr(history, caller).get(f"/w/{workspace}/{path}", params=everywhere)
        return answer.json() if answer.status_code == 200 else answer.status_code

    assert "".join(job["id"][-1] for job in await seen("superadmin", "admins")) == ALL
    assert await seen("superadmin", "admins", "jobs/queue/count") == {"database_length": 2, "suspended": 1}
    assert await seen("superadmin", "admins", "jobs/completed/count_jobs") == 8
    assert [await seen("superadmin", "acme"), await seen("admin", "acme")] == [400, 403]
    assert await seen("admin", "admins") == 404
    assert (await history.superadmin.get("/w/admins/jobs/list")).json() == []
    answer = await history.superadmin.get("/jobs/completed/count_by_tag?horizon_secs=12000")
    assert answer.json() == [{"tag": "python3", "count": 2}, {"tag": "gpu", "count": 1}]
    here = await history.superadmin.get("/jobs/completed/count_by_tag?workspace_id=admins")
    assert here.json() == []
    assert (await history.admin.get("/jobs/completed/count_by_tag")).status_code == 403


async def test_counts_are_exact_up_to_a_bound(history: Api, monkeypatch: pytest.MonkeyPatch):
    async def count(path: str, caller: str = "admin") -> tuple[Any, str]:
        answer = await getattr(history, caller).get(in_workspace(path))
        assert answer.status_code == 200, answer.text
        return answer.json(), answer.headers["x-count-is-exact"]

    assert await count("jobs/queue/count") == ({"database_length": 2, "suspended": 1}, "true")
    assert await count("jobs/completed/count") == ({"database_length": 8}, "true")
    assert await count("jobs/completed/count", "bob") == ({"database_length": 1}, "true")
    assert await count("jobs/completed/count_jobs?success=true") == (6, "true")
    assert await count("jobs/completed/count_jobs?tags=gpu,gpu-big") == (2, "true")
    assert await count("jobs/completed/count_jobs?completed_after_s_ago=12000") == (3, "true")
    assert await count(f"jobs/queue/position/{4 * 10**12}") == ({"position": 2}, "true")
    assert await count("jobs/queue/position/1000") == ({"position": 0}, "true")
    monkeypatch.setattr(run_counts, "MOST_COUNTED", 7)
    assert await count("jobs/completed/count") == ({"database_length": 7, "is_exact": False}, "false")
    assert await count("jobs/completed/count_jobs") == (7, "false")
    monkeypatch.setattr(run_counts, "MOST_COUNTED", 1)
    shown = {"database_length": 1, "suspended": 1, "is_exact": False}
    assert await count("jobs/queue/count") == (shown, "false")


async def test_a_live_job_says_when_it_is_due_and_whether_its_worker_ends(
    history: Api, worker: PlayedWorker, owner: asyncpg.Connection
):
    async def ask(path: str, name: str) -> Any:
        answer = await history.admin.get(in_workspace(f"{path}/00000000-0000-7000-8000-00000000000{name}"))
        return answer.json() if answer.status_code == 200 else answer.status_code

    due = await ask("jobs/queue/scheduled_for", "a")
    later = await ask("jobs/queue/scheduled_for", "b")
    assert later - due == 3_600_000
    assert await ask("jobs/queue/scheduled_for", "1") == 404
    taken = await worker.take()
    name = str(taken.lease.job)[-1]
    assert await ask("jobs/worker_is_draining", name) is False
    await owner.execute("update worker_session set draining = true")
    assert await ask("jobs/worker_is_draining", name) is True
    assert await ask("jobs/worker_is_draining", "1") is False
