"""The audit log: everything that was done, for those whom it concerns."""

from __future__ import annotations

from typing import Any

import httpx

from tests.integration.api.callers import Api, deploy, in_workspace, run


async def listed(caller: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await caller.get(in_workspace("audit/list"), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_admins_read_everything_and_others_what_they_did(api: Api):
    await deploy(api.alice, "u/alice/x")
    job = await run(api.alice, "u/alice/x")
    await deploy(api.bob, "u/bob/x")
    every = await listed(api.admin)
    assert [(entry["username"], entry["operation"]) for entry in every] == [
        ("bob", "scripts.create"),
        ("alice", "jobs.run.script"),
        ("alice", "scripts.create"),
    ]
    assert every[1]["parameters"] == {"job": job}
    assert (every[0]["action_kind"], every[0]["resource"], every[0]["workspace_id"]) == (
        "Created",
        "u/bob/x",
        "acme",
    )
    assert await listed(api.alice) == every[1:]
    assert await listed(api.alice, username="bob") == []
    entry = in_workspace(f"audit/get/{every[0]['id']}")
    assert (await api.bob.get(entry)).json() == every[0]
    assert (await api.alice.get(entry)).status_code == 404
    for query, found in (
        ({"username": "alice"}, every[1:]),
        ({"operation": "scripts.create"}, [every[0], every[2]]),
        ({"operations": "jobs.run.script,jobs.cancel"}, [every[1]]),
        ({"exclude_operations": "scripts.create"}, [every[1]]),
        ({"resource": "u/bob/x"}, [every[0]]),
        ({"action_kind": "Execute"}, [every[1]]),
        ({"before_id": every[0]["id"]}, every[1:]),
        ({"before": every[1]["timestamp"]}, [every[2]]),
        ({"after": every[1]["timestamp"]}, [every[0]]),
        ({"per_page": 1, "page": 2}, [every[1]]),
    ):
        assert await listed(api.admin, **query) == found, query
    for bad in ({"before_id": 0}, {"before_id": 2**63}, {"action_kind": "x"}, {"after": "2020-01-01"}):
        assert (await api.admin.get(in_workspace("audit/list"), params=bad)).status_code == 400, bad


async def test_a_superadmin_reads_what_concerns_no_workspace_in_the_workspace_admins(api: Api):
    await api.superadmin.post("/workspaces/create", json={"id": "admins", "name": "Admins"})
    for password in ("wrong", "correct horse"):
        await api.anonymous.post("/auth/login", json={"email": "root@instance.test", "password": password})
    entries = (await api.superadmin.get("/w/admins/audit/list")).json()
    assert [entry["operation"] for entry in entries] == [
        "users.login",
        "users.login_failure",
        "workspaces.create",
    ]
    assert {entry["workspace_id"] for entry in entries} == {"admins"}
    assert await listed(api.superadmin) == []
    assert len(await listed(api.superadmin, all_workspaces=True)) == 3
    refused = await api.admin.get(in_workspace("audit/list?all_workspaces=true"))
    assert refused.status_code == 403


async def test_what_the_contract_has_no_word_for_is_named_beside_it(api: Api):
    draft = {"value": {"content": "x"}}
    path = in_workspace("drafts/update/script/u/alice/x")
    assert (await api.alice.post(path, json=draft)).status_code == 200
    await api.alice.post(in_workspace("drafts/delete_for_user/script/u/alice/x"), json={})
    for entry in await listed(api.alice):
        assert entry["operation"] == "workspaces.update"
        assert entry["own_operation"].startswith("drafts.")
