"""What isn't yours looks as if it weren't there; a list and a single read never differ."""

from __future__ import annotations

from collections import defaultdict

import asyncpg
import httpx
import pytest

from headrace.api.access import PUBLIC
from headrace.store.people import members
from tests.ground.people import make_folder, make_member, make_workspace
from tests.integration.api.callers import MAIN, NOBODYS_JOB, Api, PlayedWorker, deploy, in_workspace, run

READS_OF_A_JOB = [
    "jobs_u/get/{}",
    "jobs_u/get_logs/{}",
    "jobs_u/getupdate/{}?running=true",
    "jobs_u/get_root_job_id/{}",
    "jobs_u/get_args/{}",
    "jobs_u/get_flow_all_logs/{}",
    "jobs_u/get_flow_all_logs_structured/{}",
    "jobs_u/get_flow_all_results/{}",
    "jobs/worker_is_draining/{}",
    "job_metrics/get_progress/{}",
    "jobs_u/completed/get_result_maybe/{}",
]
READS_OF_A_FINISHED_JOB = [
    *READS_OF_A_JOB,
    "jobs_u/completed/get/{}",
    "jobs_u/completed/get_result/{}",
    "jobs_u/completed/get_timing/{}",
    "jobs_u/get_completed_logs_tail/{}",
    "jobs_u/getupdate_sse/{}",
]


@pytest.fixture
async def folder(owner: asyncpg.Connection, api: Api) -> str:
    """A folder that alice owns, carol may read and bob may not see; dora is an operator who may write."""
    await make_member(owner, "carol")
    await make_member(owner, "dora", operator=True)
    for name in ("carol", "dora"):
        await api.sign_in(name, f"{name}@acme.test")
    perms = {"u/carol": False, "u/dora": True}
    await make_folder(owner, "team", owners=("u/alice",), extra_perms=perms)
    return "f/team"


async def assert_same_as_missing(
    caller: httpx.AsyncClient, method: str, route: str, theirs: str, missing: str
) -> None:
    """What is theirs is answered like what is not there, but for its name."""
    answer = await caller.request(method, in_workspace(route.format(theirs)))
    other = await caller.request(method, in_workspace(route.format(missing)))
    assert (answer.status_code, other.status_code) == (404, 404), (route, answer.text)
    assert set(answer.headers) == set(other.headers)
    assert answer.text.replace(theirs, missing) == other.text


async def test_a_run_is_seen_in_lists_and_single_reads_alike(api: Api, worker: PlayedWorker, folder: str):
    await deploy(api.alice, f"{folder}/script")
    await deploy(api.alice, "u/alice/own")
    jobs = {
        "shared": await run(api.alice, f"{folder}/script"),
        "hidden": await run(api.alice, f"{folder}/script", invisible_to_owner=True),
        "own": await run(api.alice, "u/alice/own"),
        "carol's": await run(api.carol, f"{folder}/script", invisible_to_owner=True),
    }
    expected = {
        "admin": set(jobs),
        "superadmin": set(jobs),
        "alice": {"shared", "hidden", "own"},
        "carol": {"shared", "carol's"},
        "dora": {"shared"},
        "bob": set(),
    }
    await assert_seen(api, jobs, expected, READS_OF_A_JOB)
    for _ in jobs:
        await worker.end(await worker.take())
    await assert_seen(api, jobs, expected, READS_OF_A_FINISHED_JOB)


async def assert_seen(
    api: Api, jobs: dict[str, str], expected: dict[str, set[str]], reads: list[str]
) -> None:
    for name, seen in expected.items():
        caller: httpx.AsyncClient = getattr(api, name)
        listed = {job["id"] for job in (await caller.get(in_workspace("jobs/list"))).json()}
        assert listed == {jobs[job] for job in seen}, name
        for label, job in jobs.items():
            for read in reads:
                if label in seen:
                    answer = await caller.get(in_workspace(read.format(job)))
                    assert answer.status_code == 200, (name, label, read)
                else:
                    await assert_same_as_missing(caller, "GET", read, job, NOBODYS_JOB)


async def test_a_queue_is_counted_as_far_as_it_is_seen(api: Api, folder: str):
    await deploy(api.alice, f"{folder}/script")
    await run(api.alice, f"{folder}/script")
    await run(api.alice, f"{folder}/script", invisible_to_owner=True)
    for name, count in {"alice": 2, "carol": 1, "bob": 0, "admin": 2}.items():
        answer = await getattr(api, name).get(in_workspace("jobs/queue/count"))
        assert answer.json()["database_length"] == count, name


async def test_a_run_is_stopped_by_whom_it_runs_as_by_writers_of_its_path_and_by_admins(
    api: Api, folder: str
):
    await deploy(api.alice, f"{folder}/script")
    for deed in ("cancel", "force_cancel"):
        for name, status in {"bob": 404, "carol": 403, "dora": 200, "admin": 200, "alice": 200}.items():
            job = await run(api.alice, f"{folder}/script")
            answer = await getattr(api, name).post(in_workspace(f"jobs_u/queue/{deed}/{job}"), json={})
            assert answer.status_code == status, (deed, name, answer.text)
        job = await run(api.alice, f"{folder}/script")
        await assert_same_as_missing(api.bob, "POST", f"jobs_u/queue/{deed}/{{}}", job, NOBODYS_JOB)


async def test_a_script_is_seen_in_lists_and_single_reads_alike(api: Api, folder: str):
    path = f"{folder}/script"
    version = await deploy(api.alice, path)
    for name in ("alice", "carol", "dora", "admin", "superadmin", "bob"):
        caller: httpx.AsyncClient = getattr(api, name)
        listed = [script["path"] for script in (await caller.get(in_workspace("scripts/list"))).json()]
        reads = {
            "scripts/get/p/{}": (path, f"{folder}/missing"),
            "scripts/get/h/{}": (version, "0" * 16),
            "scripts/deployment_status/h/{}": (version, "0" * 16),
        }
        if name == "bob":
            assert listed == []
            for read, (theirs, missing) in reads.items():
                await assert_same_as_missing(caller, "GET", read, theirs, missing)
            await assert_same_as_missing(caller, "POST", "jobs/run/p/{}", path, f"{folder}/missing")
            await assert_same_as_missing(caller, "POST", "jobs/run/h/{}", version, "0" * 16)
        else:
            assert listed == [path]
            for read, (theirs, _) in reads.items():
                answer = await caller.get(in_workspace(read.format(theirs)))
                assert answer.status_code == 200, (name, read)
            assert (await caller.post(in_workspace(f"jobs/run/h/{version}"))).status_code == 201


async def test_only_writers_who_are_no_operators_deploy(api: Api, folder: str):
    body = {"path": f"{folder}/script", "content": MAIN, "language": "python3", "lock": ""}
    for name, status in {"bob": 403, "carol": 403, "dora": 403, "admin": 201}.items():
        answer = await getattr(api, name).post(in_workspace("scripts/create"), json=body)
        assert answer.status_code == status, (name, answer.text)
    own = {**body, "path": "u/alice/script"}
    assert (await api.bob.post(in_workspace("scripts/create"), json=own)).status_code == 403
    preview = {"content": MAIN, "language": "python3", "args": {}}
    assert (await api.dora.post(in_workspace("jobs/run/preview"), json=preview)).status_code == 403
    assert (await api.dora.post(in_workspace("folders/create"), json={"name": "x"})).status_code == 403


async def test_a_resource_is_read_and_written_by_its_folders_rights(api: Api, folder: str):
    path = f"{folder}/r"
    made = {"path": path, "value": 1, "resource_type": "any"}
    assert (await api.alice.post(in_workspace("resources/create"), json=made)).status_code == 201
    for name, status in {"bob": 404, "carol": 200, "dora": 200, "admin": 200}.items():
        caller: httpx.AsyncClient = getattr(api, name)
        for route in ("get", "get_value", "get_value_interpolated"):
            answer = await caller.get(in_workspace(f"resources/{route}/{path}"))
            assert answer.status_code == status, (name, route)
        there = await caller.get(in_workspace(f"resources/exists/{path}"))
        assert there.json() is (status == 200)
    await assert_same_as_missing(api.bob, "GET", "resources/get/{}", path, f"{folder}/missing")
    for name, status in {"bob": 404, "carol": 403, "dora": 403, "admin": 200}.items():
        answer = await getattr(api, name).post(
            in_workspace(f"resources/update_value/{path}"), json={"value": 2}
        )
        assert answer.status_code == status, (name, answer.text)


async def test_a_workspace_of_others_looks_as_if_it_were_not_there(api: Api, owner: asyncpg.Connection):
    await make_workspace(owner, "theirs")
    for path in ("jobs/list", "users/whoami", "scripts/list"):
        theirs = await api.alice.get(f"/w/theirs/{path}")
        missing = await api.alice.get(f"/w/nowhere/{path}")
        assert theirs.status_code == missing.status_code == 404
        assert theirs.text.replace("theirs", "nowhere") == missing.text
    assert (await api.superadmin.get("/w/theirs/users/whoami")).json()["non_member"] is True
    listed = {
        name: [w["id"] for w in (await getattr(api, name).get("/workspaces/list")).json()]
        for name in ("alice", "superadmin")
    }
    assert listed == {"alice": ["acme"], "superadmin": ["acme", "theirs"]}
    for name, is_there in {"alice": False, "superadmin": True}.items():
        answer = await getattr(api, name).post("/workspaces/exists", json={"id": "theirs"})
        assert answer.json() is is_there


async def test_every_route_asks_who_calls(api: Api):
    document = (await api.anonymous.get("/openapi.json")).json()
    public = {f"/api{path}" for path in PUBLIC}
    named = {"workspace": "acme", "path": "x", "imported_path": "x", "kind": "script"}
    named |= {"id": NOBODYS_JOB, "job": NOBODYS_JOB, "entrypoint": "main", "language": "python3"}
    for path, methods in document["paths"].items():
        address = path.removeprefix("/api").format_map(defaultdict(lambda: "0" * 16, named))
        for method in methods:
            if path not in public:
                answer = await api.anonymous.request(method, address, json={} if method == "post" else None)
                assert answer.status_code in (400, 401), (method, path, answer.text)
                if method == "get":
                    assert answer.status_code == 401, (method, path, answer.text)


async def test_a_jobs_token_acts_as_whom_it_runs_as_until_the_job_is_over(
    api: Api, worker: PlayedWorker, folder: str
):
    await deploy(api.alice, f"{folder}/script")
    job = await run(api.carol, f"{folder}/script")
    taken = await worker.take()
    async with api.client(taken.token) as inside:
        me = (await inside.get(in_workspace("users/whoami"))).json()
        assert (me["username"], me["is_admin"], me["folders_read"]) == ("carol", False, ["team"])
        everywhere = (await inside.get("/users/whoami")).json()
        assert (everywhere["email"], everywhere["workspace_id"]) == ("carol@acme.test", "acme")
        assert (await inside.get(in_workspace(f"jobs_u/get/{job}"))).status_code == 200
        assert (await inside.get("/w/other/jobs/list")).status_code == 404
        for method, path, body in (
            ("POST", "/users/tokens/create", {"label": "x"}),
            ("POST", "/workspaces/create", {"id": "x", "name": "x"}),
            ("POST", "/workspaces/exists", {"id": "acme"}),
            ("GET", "/workspaces/list", None),
        ):
            assert (await inside.request(method, path, json=body)).status_code == 403, path
        await worker.end(taken)
        assert (await inside.get(in_workspace("users/whoami"))).status_code == 401


async def test_a_job_of_a_superadmin_has_no_rights_on_the_instance_and_none_once_they_are_none(
    api: Api, worker: PlayedWorker, folder: str, owner: asyncpg.Connection
):
    await deploy(api.alice, f"{folder}/script")
    await run(api.superadmin, f"{folder}/script")
    async with api.client((await worker.take()).token) as inside:
        me = (await inside.get(in_workspace("users/whoami"))).json()
        assert (me["is_admin"], me["is_super_admin"]) == (True, False)
        assert (await inside.post("/workspaces/create", json={"id": "x", "name": "x"})).status_code == 403
        for loses in ("disabled = true", "disabled = false, super_admin = false"):
            await owner.execute(f"update instance_user set {loses} where email = 'root@instance.test'")
            assert (await inside.get(in_workspace("users/whoami"))).status_code == 401, loses


async def test_a_token_for_one_workspace_makes_no_wider_one(api: Api, owner: asyncpg.Connection):
    await make_workspace(owner, "other")
    await members.add(owner, "other", "alice", "alice@acme.test", is_admin=True)
    assert (await api.alice.get("/w/other/jobs/list")).status_code == 200
    await api.sign_in("bound", "alice@acme.test", workspace="acme")
    assert (await api.bound.get("/w/other/jobs/list")).status_code == 404
    wider = await api.bound.post("/users/tokens/create", json={"workspace_id": "other"})
    assert wider.status_code == 403
    made = await api.bound.post("/users/tokens/create", json={})
    async with api.client(made.text) as caller:
        assert (await caller.get(in_workspace("users/whoami"))).status_code == 200
        assert (await caller.get("/w/other/users/whoami")).status_code == 404


async def test_a_superadmins_token_for_one_workspace_is_no_superadmins(api: Api):
    await api.sign_in("bound", "root@instance.test", workspace="acme")
    assert (await api.bound.post("/workspaces/create", json={"id": "x", "name": "x"})).status_code == 403


async def test_one_runs_jobs_as_oneself_or_a_group_of_ones_own(api: Api, folder: str):
    await deploy(api.alice, f"{folder}/script")
    for identity, status in {"u/carol": 201, "g/all": 201, "u/alice": 403, "g/other": 403}.items():
        answer = await api.carol.post(
            in_workspace(f"jobs/run/p/{folder}/script"), params={"permissioned_as": identity}
        )
        assert answer.status_code == status, (identity, answer.text)


async def test_a_job_is_not_linked_under_one_that_is_not_seen(api: Api):
    await deploy(api.alice, "u/alice/own")
    await deploy(api.bob, "u/bob/own")
    theirs = await run(api.alice, "u/alice/own")
    for option in ("parent_job", "root_job"):
        for job in (theirs, NOBODYS_JOB):
            answer = await api.bob.post(in_workspace("jobs/run/p/u/bob/own"), params={option: job})
            assert (answer.status_code, answer.text) == (
                400,
                f"{option}: job {job} does not exist, or you may not see it",
            )
