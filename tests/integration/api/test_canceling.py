"""Many jobs are stopped at once: each by who may, and each with its own row in the audit log."""

from __future__ import annotations

import asyncpg

from tests.ground.people import make_folder, make_member, make_workspace
from tests.integration.api.callers import NOBODYS_JOB, Api, PlayedWorker, deploy, in_workspace, run

PATH = "u/alice/script"
SELECTION = "jobs/queue/cancel_selection"
FILTERED = "jobs/queue/cancel_filtered"


async def statuses(owner: asyncpg.Connection) -> dict[str, str]:
    """What became of the jobs that have ended."""
    return {str(row["id"]): row["status"] for row in await owner.fetch("select id, status from job_history")}


async def audited(owner: asyncpg.Connection, operation: str) -> list[str]:
    rows = await owner.fetch("select resource from audit where operation = $1 order by id", operation)
    return [row["resource"] for row in rows]


async def test_a_selection_stops_what_lives_and_passes_over_the_rest(
    owner: asyncpg.Connection, api: Api, worker: PlayedWorker
):
    await deploy(api.alice, PATH)
    running, waiting, later = (
        await run(api.alice, PATH, priority=9),
        await run(api.alice, PATH),
        await run(api.alice, PATH, scheduled_in_secs=60),
    )
    await worker.take()
    child = await run(api.alice, PATH, parent_job=waiting)
    ids = [later, waiting, NOBODYS_JOB, running, later]
    answer = await api.alice.post(in_workspace(SELECTION), json=ids)
    assert (answer.status_code, answer.json()) == (200, sorted([running, waiting, later]))
    assert await statuses(owner) == {waiting: "canceled", later: "canceled"}
    assert (await api.alice.get(in_workspace(f"jobs_u/get/{running}"))).json()["canceled"] is True
    assert (await api.alice.get(in_workspace(f"jobs_u/get/{child}"))).json()["canceled"] is False
    assert await audited(owner, "jobs.cancel") == sorted([running, waiting, later])
    by_force = await api.alice.post(in_workspace(SELECTION), json=ids, params={"force_cancel": "true"})
    assert by_force.json() == [running]
    assert await audited(owner, "jobs.force_cancel") == [running]
    assert (await api.alice.post(in_workspace(SELECTION), json=[])).json() == []


async def test_a_selection_stops_those_that_one_may_stop(owner: asyncpg.Connection, api: Api):
    await make_member(owner, "carol")
    await make_folder(owner, "team", owners=("u/alice",), extra_perms={"u/carol": False})
    await api.sign_in("carol", "carol@acme.test")
    await deploy(api.alice, "f/team/script")
    of_alice, of_carol = await run(api.alice, "f/team/script"), await run(api.carol, "f/team/script")
    for name, stopped in (("bob", []), ("carol", [of_carol]), ("alice", [of_alice])):
        answer = await getattr(api, name).post(in_workspace(SELECTION), json=[of_alice, of_carol])
        assert answer.json() == stopped, name


async def test_a_superadmin_stops_jobs_of_all_workspaces(owner: asyncpg.Connection, api: Api):
    await make_workspace(owner, "other")
    await make_workspace(owner, "admins")
    await deploy(api.alice, PATH)
    here = await run(api.alice, PATH)
    preview = {"content": "def main(): pass", "language": "python3"}
    there = (await api.superadmin.post("/w/other/jobs/run/preview", json=preview)).text
    everywhere = f"{SELECTION}?all_workspaces=true"
    refused = await api.alice.post(in_workspace(everywhere), json=[here])
    assert refused.status_code == 403
    refused = await api.superadmin.post(in_workspace(everywhere), json=[here])
    assert (refused.status_code, refused.text.split(":")[0]) == (400, "all_workspaces")
    assert await statuses(owner) == {}
    answer = await api.superadmin.post(f"/w/admins/{everywhere}", json=[here, there, NOBODYS_JOB])
    assert set(answer.json()) == {here, there} == set(await statuses(owner))
    rows = await owner.fetch("select workspace_id from audit where operation = 'jobs.cancel'")
    assert {row["workspace_id"] for row in rows} == {"acme", "other"}


async def test_all_jobs_of_a_script_are_stopped(owner: asyncpg.Connection, api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    await deploy(api.alice, "u/alice/other")
    running = await run(api.alice, PATH)
    await worker.take()
    waiting = await run(api.alice, PATH)
    await run(api.alice, "u/alice/other")
    route = in_workspace(f"jobs_u/queue/cancel_persistent/{PATH}")
    assert (await api.bob.post(route, json={})).text == f"canceled 0 jobs of {PATH}"
    answer = await api.alice.post(route, json={"reason": "scale to zero"})
    assert (answer.status_code, answer.text) == (200, f"canceled 2 jobs of {PATH}")
    assert await statuses(owner) == {waiting: "canceled"}
    shown = (await api.alice.get(in_workspace(f"jobs_u/get/{running}"))).json()
    assert shown["canceled_reason"] == "scale to zero"


async def test_an_admin_stops_all_that_filters_find(owner: asyncpg.Connection, api: Api):
    await deploy(api.alice, PATH)
    jobs = [await run(api.alice, PATH, tag="slow") for _ in range(3)]
    kept = await run(api.alice, PATH)
    route = in_workspace(FILTERED)
    assert (await api.alice.post(route, params={"tag": "slow"})).status_code == 403
    answer = await api.admin.post(route, params={"tag": "slow"})
    assert (answer.status_code, answer.json()) == (200, {"canceled": 3, "is_all": True})
    assert set(await statuses(owner)) == set(jobs)
    assert (await api.admin.post(route)).json() == {"canceled": 1, "is_all": True}
    assert kept in await statuses(owner)


async def test_a_filter_that_nobody_knows_stops_nothing(owner: asyncpg.Connection, api: Api):
    await deploy(api.alice, PATH)
    await run(api.alice, PATH)
    for name in ("script_path", "page", "job_kindz"):
        answer = await api.admin.post(in_workspace(FILTERED), params={name: "x"})
        assert (answer.status_code, answer.text) == (400, f"{name}: jobs can't be filtered by this")
    assert await statuses(owner) == {}


async def test_a_bad_list_of_ids_changes_nothing(owner: asyncpg.Connection, api: Api):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    for route in (SELECTION, "jobs/delete"):
        for body, word in (
            ([job, "x"], "body.1"),
            ({"ids": [job]}, "body"),
            ([job, None], "1"),
            ([job] * 10_001, "body"),
            (None, "body"),
        ):
            answer = await api.admin.post(in_workspace(route), json=body)
            assert answer.status_code == 400, answer.text
            assert answer.text.startswith(f"{word}: "), answer.text
    assert await statuses(owner) == {}
