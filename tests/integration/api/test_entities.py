"""Scripts, resources, folders, workspaces, tokens and signing in, over HTTP."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from tests.integration.api.callers import MAIN, Api, deploy, in_workspace, run

PATH = "u/alice/script"


async def test_a_version_is_shown_with_all_that_was_given(api: Api):
    given: dict[str, Any] = {
        "summary": "s", "description": "d", "kind": "script", "schema": {"type": "object", "properties": {}},
        "lock": "# none", "tag": "python3", "timeout": 10, "priority": 5, "envs": ["A=b=c"], "labels": ["x"],
        "is_template": True, "ws_error_handler_muted": True, "concurrent_limit": 3, "cache_ttl": 60,
        "visible_to_runner_only": False, "delete_after_secs": 0,
    }  # fmt: skip
    version = await deploy(api.alice, PATH, **given)
    for route in (f"scripts/get/p/{PATH}", f"scripts/get/h/{version}"):
        shown = (await api.alice.get(in_workspace(route))).json()
        assert {name: shown[name] for name in given} == given
        assert (shown["hash"], shown["content"], shown["is_draft"]) == (version, MAIN, False)


async def test_what_a_body_adds_does_not_take_the_place_of_facts(api: Api):
    version = await deploy(
        api.alice, PATH, hash="x", created_by="bob", archived=True, extra_perms={"u/bob": True}, odd=1
    )
    shown = (await api.alice.get(in_workspace(f"scripts/get/h/{version}"))).json()
    facts = {"hash": version, "created_by": "alice", "archived": False, "extra_perms": {}}
    assert {name: shown[name] for name in facts} == facts
    assert "odd" not in shown


async def test_a_version_without_a_schema_has_the_one_of_its_source(api: Api):
    first = await deploy(api.alice, PATH, "def main(a: int, b: str = 'x'): ...")
    shown = (await api.alice.get(in_workspace(f"scripts/get/h/{first}"))).json()["schema"]
    assert shown == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string", "default": "x"}},
        "required": ["a"],
        "order": ["a", "b"],
    }
    shown["properties"]["a"] |= {"title": "How many", "minimum": 1}
    content = "def main(c, a: int, b: float = 1): 'Args:\\n    b: Weight.'"
    second = await deploy(api.alice, PATH, content, parent_hash=first, schema=shown)
    assert (await api.alice.get(in_workspace(f"scripts/get/h/{second}"))).json()["schema"] == shown
    third = await deploy(api.alice, PATH, content + "#", parent_hash=second)
    refined = (await api.alice.get(in_workspace(f"scripts/get/h/{third}"))).json()["schema"]
    assert refined["properties"] == {
        "c": {},
        "a": {"type": "integer", "title": "How many", "minimum": 1},
        "b": {"type": "number", "default": 1, "description": "Weight."},
    }


async def test_versions_form_a_line(api: Api):
    first = await deploy(api.alice, PATH)
    second = await deploy(api.alice, PATH, MAIN + "#2\n", parent_hash=first)
    third = await deploy(api.alice, PATH, MAIN + "#3\n", auto_parent=True)
    newest = (await api.alice.get(in_workspace(f"scripts/get/p/{PATH}"))).json()
    assert (newest["hash"], newest["parent_hashes"]) == (third, [second, first])
    assert (await api.alice.get(in_workspace(f"scripts/get/h/{first}"))).json()["archived"] is True
    for parent in (first, None):
        body = {
            "path": PATH,
            "content": MAIN + "#4\n",
            "language": "python3",
            "lock": "",
            "parent_hash": parent,
        }
        answer = await api.alice.post(in_workspace("scripts/create"), json=body)
        assert answer.status_code == 409
        assert third in answer.text
    listed = (await api.alice.get(in_workspace("scripts/list"))).json()
    assert [script["hash"] for script in listed] == [third]
    archived = (await api.alice.get(in_workspace("scripts/list?show_archived=true"))).json()
    assert archived == [], "the path is not archived: something is at it"


async def test_scripts_are_listed_by_filters_and_pages(api: Api):
    for name in ("a", "b", "c"):
        await deploy(api.alice, f"u/alice/{name}")
    await deploy(api.alice, "u/alice/library", "x = 1\n")
    await deploy(api.bob, "u/bob/d")

    async def listed(query: str = "") -> list[str]:
        answer = await api.admin.get(in_workspace(f"scripts/list{query}"))
        return [script["path"].rpartition("/")[2] for script in answer.json()]

    assert await listed() == ["d", "c", "b", "a"]
    assert await listed("?order_desc=false") == ["a", "b", "c", "d"]
    assert await listed("?per_page=2") == await listed("?page=0&per_page=2") == ["d", "c"]
    assert await listed("?page=2&per_page=2") == ["b", "a"]
    assert await listed("?page=1000000000&per_page=100000") == []
    assert await listed("?path_start=u/alice/") == ["c", "b", "a"]
    assert await listed("?path_start=u/a%25") == []
    assert await listed("?path_exact=u/bob/d") == ["d"]
    assert await listed("?created_by=bob") == ["d"]
    assert await listed("?include_without_main=true&created_by=alice") == ["library", "c", "b", "a"]


async def test_jobs_are_listed_by_filters_and_pages(api: Api):
    for name in ("a", "b"):
        await deploy(api.alice, f"u/alice/{name}")
    root = await run(api.alice, "u/alice/a", tag="x")
    child = await run(api.alice, "u/alice/b", parent_job=root)
    ended = await run(api.alice, "u/alice/b")
    await api.alice.post(in_workspace(f"jobs_u/queue/cancel/{ended}"))
    when = (await api.alice.get(in_workspace(f"jobs_u/get/{child}"))).json()["created_at"]

    async def listed(**query: str | int) -> list[str]:
        answer = await api.alice.get(in_workspace("jobs/list"), params=query)
        assert answer.status_code == 200, answer.text
        return [job["id"] for job in answer.json()]

    assert await listed() == await listed(job_kinds="script,flow,singlestepflow") == [ended, child, root]
    assert await listed(order_desc="false") == [root, child, ended]
    assert await listed(page=2, per_page=2) == [root]
    assert await listed(per_page=100000) == [ended, child, root]
    assert await listed(page=10**9, per_page=1000) == []
    assert await listed(job_kinds="dependencies") == await listed(job_kinds="singlestepflow") == []
    assert await listed(running="false") == [child, root]
    assert await listed(running="true") == []
    assert await listed(success="false") == await listed(status="canceled") == [ended]
    assert await listed(success="true") == await listed(status="success") == []
    assert await listed(script_path_exact="u/alice/a") == await listed(tag="x") == [root]
    assert await listed(script_path_start="u/alice/") == [ended, child, root]
    assert await listed(script_path_start="u/a%") == []
    assert await listed(parent_job=root) == await listed(has_null_parent="false") == [child]
    assert await listed(has_null_parent="true") == [ended, root]
    assert await listed(created_by="bob") == []
    assert await listed(created_after=when) == [ended]
    assert await listed(created_before=when) == [child, root]
    assert await listed(scheduled_for_before_now="true", is_flow_step="false") == [child, root]
    # Clients say what a filter is even where it narrows nothing.
    assert await listed(all_workspaces="false", label="") == [ended, child, root]


async def test_a_resource_keeps_its_value_as_it_came(api: Api):
    body = b'{"path": "u/alice/r", "resource_type": "state", "value": {"a": 1.10, "b": 9007199254740993}}'
    made = await api.alice.post(in_workspace("resources/create"), content=body)
    assert (made.status_code, made.headers["content-type"]) == (201, "text/plain; charset=utf-8")
    for route in ("get_value", "get_value_interpolated"):
        value = await api.alice.get(in_workspace(f"resources/{route}/u/alice/r"))
        assert value.content == b'{"a": 1.10, "b": 9007199254740993}'
    changed = await api.alice.post(
        in_workspace("resources/update_value/u/alice/r"), content=b'{"value": [1E2]}'
    )
    assert changed.status_code == 200
    shown = await api.alice.get(in_workspace("resources/get/u/alice/r"))
    assert b"[1E2]" in shown.content
    again = await api.alice.post(in_workspace("resources/create"), content=body)
    assert again.status_code == 409
    replaced = await api.alice.post(in_workspace("resources/create?update_if_exists=true"), content=body)
    assert replaced.status_code == 201
    for method, route in (("GET", "get"), ("GET", "get_value_interpolated"), ("POST", "update_value")):
        answer = await api.alice.request(
            method, in_workspace(f"resources/{route}/u/alice/missing"), json={"value": 1}
        )
        assert answer.status_code == 404


async def test_references_in_a_resource_are_resolved_with_the_callers_rights(api: Api):
    for caller, path, value in (
        (api.alice, "u/alice/inner", {"secret": 1}),
        (api.alice, "u/alice/outer", {"x": ["$res:u/alice/inner"], "y": "not $res:u/alice/inner"}),
        (api.alice, "u/alice/circle", {"x": "$res:u/alice/circle"}),
        (api.bob, "u/bob/theft", {"x": "$res:u/alice/inner"}),
    ):
        body = {"path": path, "resource_type": "any", "value": value}
        assert (await caller.post(in_workspace("resources/create"), json=body)).status_code == 201
    outer = await api.alice.get(in_workspace("resources/get_value_interpolated/u/alice/outer"))
    assert outer.json() == {"x": [{"secret": 1}], "y": "not $res:u/alice/inner"}
    circle = await api.alice.get(in_workspace("resources/get_value_interpolated/u/alice/circle"))
    assert circle.status_code == 400
    theft = await api.bob.get(in_workspace("resources/get_value_interpolated/u/bob/theft"))
    assert theft.status_code == 404


async def test_a_folder_belongs_to_its_maker_at_once(api: Api):
    made = await api.alice.post(in_workspace("folders/create"), json={"name": "mine", "owners": ["g/none"]})
    assert (made.status_code, made.text) == (200, "mine")
    assert (await api.alice.get(in_workspace("users/whoami"))).json()["folders"] == ["mine"]
    await deploy(api.alice, "f/mine/script")
    for name in ("alice", "bob"):
        again = await getattr(api, name).post(in_workspace("folders/create"), json={"name": "mine"})
        assert again.status_code == 409


async def test_a_superadmin_makes_workspaces(api: Api):
    made = await api.superadmin.post("/workspaces/create", json={"id": "new", "name": "New one"})
    assert (made.status_code, made.text) == (201, "new")
    again = await api.superadmin.post("/workspaces/create", json={"id": "new", "name": "New one"})
    assert again.status_code == 409
    assert {"id": "new", "name": "New one", "owner": "root@instance.test"} in (
        await api.superadmin.get("/workspaces/list")
    ).json()
    me = (await api.superadmin.get("/w/new/users/whoami")).json()
    assert (me["username"], me["is_admin"]) == ("root", True)
    for name in ("admin", "alice"):
        refused = await getattr(api, name).post("/workspaces/create", json={"id": "x", "name": "x"})
        assert refused.status_code == 403


async def test_signing_in_gives_a_token_and_a_cookie(api: Api):
    credentials = {"email": "root@instance.test", "password": "correct horse"}
    answer = await api.anonymous.post("/auth/login", json=credentials)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    async with api.client(answer.text) as caller:
        assert (await caller.get("/users/whoami")).json()["super_admin"] is True
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    by_cookie = await api.anonymous.get("/users/whoami", headers={"Cookie": f"token={answer.text}"})
    assert by_cookie.status_code == 200


async def test_signing_in_fails_in_one_way(api: Api):
    for email, password in [
        ("root@instance.test", "wrong"),
        ("nobody@instance.test", "x"),
        ("alice@acme.test", ""),
        ("ROOT@instance.test", "x"),
    ]:
        answer = await api.anonymous.post("/auth/login", json={"email": email, "password": password})
        assert (answer.status_code, answer.text) == (401, "email or password is wrong")
        assert "set-cookie" not in answer.headers


async def test_a_token_is_made_once_and_ends_when_it_was_to(api: Api, owner: asyncpg.Connection):
    body = {"label": "ci é", "expiration": "2100-01-01T00:00:00Z", "workspace_id": "acme"}
    made = await api.alice.post("/users/tokens/create", json=body)
    assert (made.status_code, made.headers["content-type"]) == (201, "text/plain; charset=utf-8")
    assert made.text.encode() not in await owner.fetchval("select hash from token where label = 'ci é'")
    async with api.client(made.text + " ") as caller:
        assert (await caller.get(in_workspace("users/whoami"))).json()["username"] == "alice"
        await owner.execute("update token set expires_at = now() where label = 'ci é'")
        assert (await caller.get(in_workspace("users/whoami"))).status_code == 401


async def test_a_disabled_user_and_a_disabled_member_are_shut_out(api: Api, owner: asyncpg.Connection):
    await owner.execute("update workspace_user set disabled = true where username = 'bob'")
    assert (await api.bob.get(in_workspace("users/whoami"))).status_code == 404
    await owner.execute("update instance_user set disabled = true where email = 'alice@acme.test'")
    assert (await api.alice.get("/users/whoami")).status_code == 401


async def test_the_installation_tells_its_version_clock_and_health(api: Api):
    version = await api.anonymous.get("/version")
    assert version.text.startswith("CE v1.")
    assert version.headers["content-type"] == "text/plain; charset=utf-8"
    health = await api.anonymous.get("/health/status")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert health.json()["workers_alive"] == 0
    assert isinstance((await api.alice.get("/jobs/db_clock")).json(), int)


@pytest.mark.usefixtures("worker")
async def test_a_worker_makes_it_healthy(api: Api):
    assert (await api.anonymous.get("/health/status")).json()["workers_alive"] == 1
