"""A job runs now instead of later; what a finished one was given and gave is erased; rows are removed."""

from __future__ import annotations

import asyncpg

from headrace.model.outcome import Status
from tests.ground.people import make_folder, make_member
from tests.integration.api.callers import NOBODYS_JOB, Api, PlayedWorker, deploy, in_workspace, run

PATH = "u/alice/script"
DEEDS = ["jobs/queue/run_now", "jobs/completed/delete"]


async def test_a_job_for_later_runs_now(owner: asyncpg.Connection, api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH, scheduled_in_secs=3600)
    answer = await api.alice.post(in_workspace(f"jobs/queue/run_now/{job}"))
    assert (answer.status_code, answer.text) == (200, job)
    taken = await worker.take()
    assert str(taken.lease.job) == job
    again = await api.alice.post(in_workspace(f"jobs/queue/run_now/{job}"))
    assert (again.status_code, again.text) == (409, f"job {job} is running already")
    await worker.end(taken)
    row = await owner.fetchrow("select scheduled_for <= started_at as due, created_at from job_history")
    assert row is not None
    assert row["due"]
    assert (await api.alice.post(in_workspace(f"jobs/queue/run_now/{job}"))).status_code == 404
    audited = await owner.fetchval("select parameters from audit where operation = 'jobs.run_now'")
    assert audited == '{"held": "future"}'


async def test_a_job_in_quarantine_is_released(owner: asyncpg.Connection, api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    await owner.execute("update job_queue set held = 'quarantine', losses = 3")
    assert (await api.alice.post(in_workspace(f"jobs/queue/run_now/{job}"))).status_code == 200
    assert (await worker.take()).losses == 0
    audited = await owner.fetchval("select parameters from audit where operation = 'jobs.run_now'")
    assert audited == '{"held": "quarantine"}'


async def test_a_job_that_waits_for_its_lock_goes_on_doing_so(owner: asyncpg.Connection, api: Api):
    body = {"path": PATH, "content": "def main(): pass", "language": "python3"}
    await api.alice.post(in_workspace("scripts/create"), json=body)
    job = await run(api.alice, PATH, scheduled_in_secs=3600)
    assert (await api.alice.post(in_workspace(f"jobs/queue/run_now/{job}"))).status_code == 200
    row = await owner.fetchrow(
        "select held, scheduled_for <= now() as due from job_queue where held = 'lock'"
    )
    assert dict(row or {}) == {"held": "lock", "due": True}


async def test_the_data_of_a_finished_job_are_erased(
    owner: asyncpg.Connection, api: Api, worker: PlayedWorker
):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH, {"x": 5})
    early = await api.alice.post(in_workspace(f"jobs/completed/delete/{job}"))
    assert (early.status_code, early.text) == (404, f"job {job} has not ended yet")
    taken = await worker.take()
    await worker.write(taken, 0, "secret\n")
    await worker.end(taken, b'"secret"', Status.SUCCESS)
    answer = await api.alice.post(in_workspace(f"jobs/completed/delete/{job}"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["deleted"] is True
    assert "secret" not in answer.text
    shown = (await api.alice.get(in_workspace(f"jobs_u/get/{job}"))).json()
    assert (shown["deleted"], shown["args"], shown["result"], shown["logs"]) == (True, {}, None, "")
    assert (shown["success"], shown["script_path"]) == (True, PATH)
    assert await owner.fetchval("select count(*) from job_log") == 0
    assert await owner.fetchval("select resource from audit where operation = 'jobs.erase'") == job


async def test_who_may_only_see_a_job_does_not_change_it(
    owner: asyncpg.Connection, api: Api, worker: PlayedWorker
):
    await make_member(owner, "carol")
    await make_folder(owner, "team", owners=("u/alice",), extra_perms={"u/carol": False})
    await api.sign_in("carol", "carol@acme.test")
    await deploy(api.alice, "f/team/script")
    ended = await run(api.alice, "f/team/script")
    await worker.end(await worker.take(), b"7")
    later = await run(api.alice, "f/team/script", scheduled_in_secs=60)
    for deed, job in zip(DEEDS, (later, ended), strict=True):
        assert (await api.carol.post(in_workspace(f"{deed}/{job}"))).status_code == 403
        theirs = await api.bob.post(in_workspace(f"{deed}/{job}"))
        missing = await api.bob.post(in_workspace(f"{deed}/{NOBODYS_JOB}"))
        assert theirs.status_code == missing.status_code == 404
        assert theirs.text.replace(job, NOBODYS_JOB) == missing.text
    assert await owner.fetchval("select held from job_queue") == "future"
    assert await owner.fetchval("select result from job_history") == b"7"


async def test_an_admin_removes_finished_jobs_and_all_that_is_known_of_them(
    owner: asyncpg.Connection, api: Api, worker: PlayedWorker
):
    await deploy(api.alice, PATH, labels=["daily"])
    gone, kept = await run(api.alice, PATH), await run(api.alice, PATH)
    for _ in range(2):
        taken = await worker.take()
        await worker.write(taken, 0, "text\n")
        await worker.end(taken)
    live = await run(api.alice, PATH)
    route = in_workspace("jobs/delete")
    assert (await api.alice.post(route, json=[gone])).status_code == 403
    refused = await api.admin.post(route, json=[gone, live])
    assert (refused.status_code, refused.text) == (409, f"job {live} has not ended: cancel it first")
    assert await owner.fetchval("select count(*) from job_history") == 2
    answer = await api.admin.post(route, json=[gone, NOBODYS_JOB])
    assert (answer.status_code, answer.text) == (200, "deleted 1 jobs")
    assert (await api.admin.get(in_workspace(f"jobs_u/get/{gone}"))).status_code == 404
    for table, column in (("job_history", "id"), ("job_log", "job_id"), ("job_label", "job_id")):
        rows = await owner.fetch(f"select {column} as id from {table}")
        assert [str(row["id"]) for row in rows] == [kept], table
    assert await owner.fetchval("select resource from audit where operation = 'jobs.delete'") == gone
