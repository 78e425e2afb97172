"""Drafts: one's own, saved without losing another copy, and never part of what is deployed."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx
import pytest

from tests.ground.people import make_folder
from tests.integration.api.callers import MAIN, Api, PlayedWorker, deploy, in_workspace, run

PATH = "u/alice/script"
DRAFT = {"path": PATH, "content": "draft", "summary": "s", "language": "python3"}


async def save(
    caller: httpx.AsyncClient, path: str = PATH, kind: str = "script", value: Any = DRAFT, **fields: Any
) -> dict[str, Any]:
    """What saving a draft is answered with."""
    answer = await caller.post(in_workspace(f"drafts/update/{kind}/{path}"), json={"value": value, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def own(caller: httpx.AsyncClient, path: str = PATH, kind: str = "script") -> Any:
    answer = await caller.get(in_workspace(f"drafts/get_own/{kind}/{path}"))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def listed(caller: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    return (await caller.get(in_workspace("drafts/list"), params=query)).json()


async def got(caller: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    return (await caller.get(in_workspace(f"scripts/get/p/{PATH}"), params=query)).json()


async def test_a_draft_is_kept_as_it_came(api: Api):
    text = b'{"value": {"a": 1.10, "b": 9007199254740993, "c": "\xc3\xa9"}}'
    saved = await api.alice.post(in_workspace(f"drafts/update/script/{PATH}"), content=text)
    assert (saved.json()["status"], saved.json()["path"]) == ("saved", PATH)
    answer = await api.alice.get(in_workspace(f"drafts/get_own/script/{PATH}"))
    assert b'{"a": 1.10, "b": 9007199254740993, "c": "\xc3\xa9"}' in answer.content
    assert answer.json()["created_at"] == saved.json()["current_timestamp"]


async def test_a_newer_copy_is_not_written_over(api: Api):
    first = await save(api.alice)
    other_tab = await save(api.alice, value={"n": 2}, last_sync=first["current_timestamp"])
    assert other_tab["status"] == "saved"
    assert other_tab["current_timestamp"] > first["current_timestamp"]
    for last_sync in ({"last_sync": first["current_timestamp"]}, {}):
        for value in ({"n": 3}, None):
            late = await save(api.alice, value=value, **last_sync)
            assert late == {"status": "conflict", "current_timestamp": other_tab["current_timestamp"]}
    assert (await own(api.alice))["value"] == {"n": 2}
    assert (await save(api.alice, value={"n": 3}, force=True))["status"] == "saved"
    assert (await own(api.alice))["value"] == {"n": 3}


async def test_instants_survive_a_browser(api: Api):
    """Which has milliseconds only."""
    saved = await save(api.alice)
    for n in range(3):
        saved = await save(api.alice, value={"n": n}, last_sync=saved["current_timestamp"])
        assert saved["status"] == "saved"
        seconds = saved["current_timestamp"].partition(".")[2].removesuffix("Z")
        assert seconds in ("", seconds[:3] + "000")


async def test_a_draft_is_removed_by_saving_nothing(api: Api):
    saved = await save(api.alice)
    removed = await save(api.alice, value=None, last_sync=saved["current_timestamp"])
    assert removed["status"] == "saved"
    assert await own(api.alice) is None
    assert (await save(api.alice, value=None))["status"] == "saved", "nothing to remove is fine"


async def test_a_draft_from_another_place_keeps_its_age(api: Api):
    saved = await save(api.alice, created_at="2024-05-01T12:00:00Z")
    assert saved["current_timestamp"] == "2024-05-01T12:00:00Z"
    ahead = await save(api.alice, kind="flow", created_at="2999-01-01T00:00:00Z")
    assert ahead["current_timestamp"] < "2999"


async def test_drafts_are_their_owners_and_admins_see_those_without_secrets(
    api: Api, owner: asyncpg.Connection
):
    await make_folder(owner, "team", owners=("u/alice", "u/bob"))
    path = "f/team/script"
    for kind in ("script", "variable"):
        await save(api.alice, path, kind, {"of": "alice"})
    await save(api.bob, path, "script", {"of": "bob"})
    for name, kind, status in (
        ("bob", "script", 404), ("admin", "script", 200), ("superadmin", "script", 200),
        ("alice", "script", 200), ("bob", "variable", 404), ("admin", "variable", 404),
        ("alice", "variable", 200),
    ):  # fmt: skip
        route = in_workspace(f"drafts/get/{kind}/{path}")
        answer = await getattr(api, name).get(route, params={"username": "alice"})
        assert answer.status_code == status, (name, kind)
    assert (await own(api.bob, path))["value"] == {"of": "bob"}
    assert {(item["kind"], item["mine"]) for item in await listed(api.alice, all_users=True)} == {
        ("script", True),
        ("variable", True),
    }
    everybodys = await listed(api.admin, all_users=True)
    assert {(item["username"], item["kind"], item["mine"]) for item in everybodys} == {
        ("alice", "script", False),
        ("bob", "script", False),
    }
    assert {user["username"] for user in everybodys[0]["draft_users"]} == {"alice", "bob"}
    assert await listed(api.admin) == []


async def test_a_draft_needs_a_path_one_may_read(api: Api, owner: asyncpg.Connection):
    await make_folder(owner, "read", extra_perms={"u/bob": False})
    assert (await save(api.bob, "f/read/script"))["status"] == "saved"
    assert [item["can_write"] for item in await listed(api.bob)] == [False]
    for path, status in {"u/alice/x": 404, "f/none/x": 404, "not a path": 400}.items():
        answer = await api.bob.post(in_workspace(f"drafts/update/script/{path}"), json={"value": {}})
        assert answer.status_code == status, path
    odd = await api.bob.post(in_workspace("drafts/update/poem/u/bob/x"), json={"value": {}})
    assert odd.status_code == 400
    legacy = await api.bob.post(in_workspace("drafts/update/script/u/bob/x"), json={"legacy": True})
    assert (legacy.status_code, legacy.text) == (400, "legacy: every draft here has its owner; leave it out")


async def test_a_job_sees_no_drafts_not_even_its_users(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    await save(api.alice)
    await run(api.alice, PATH)
    async with api.client((await worker.take()).token) as inside:
        for route in (f"drafts/get_own/script/{PATH}", "drafts/list"):
            assert (await inside.get(in_workspace(route))).status_code == 403
        assert (await got(inside, get_draft=True))["is_draft"] is False


async def test_a_draft_stands_beside_what_is_deployed(api: Api):
    version = await deploy(api.alice, PATH)
    assert (await got(api.alice, get_draft=True))["is_draft"] is False
    saved = await save(api.alice)
    shown = await got(api.alice, get_draft=True)
    assert (shown["hash"], shown["content"], shown["is_draft"]) == (version, MAIN, True)
    assert (shown["draft"], shown["draft_saved_at"]) == (DRAFT, saved["current_timestamp"])
    assert shown["draft_base"] == version
    without = await got(api.alice)
    assert without["is_draft"] is True
    assert "draft" not in without
    (script,) = (await api.alice.get(in_workspace("scripts/list"))).json()
    assert script["is_draft"] is True
    assert [item["draft_only"] for item in await listed(api.alice)] == [False]
    seen = await got(api.admin, get_draft=True)
    assert (seen["is_draft"], [user["username"] for user in seen["other_drafts_users"]]) == (False, ["alice"])
    newer = await deploy(api.alice, PATH, MAIN + "#2\n", parent_hash=version, skip_draft_deletion=True)
    behind = await got(api.alice, get_draft=True)
    assert (behind["hash"], behind["draft_base"]) == (newer, version)


async def test_a_script_that_is_only_a_draft_is_nothing_to_anybody_else(api: Api):
    await save(api.alice)
    assert (await api.alice.get(in_workspace(f"scripts/get/p/{PATH}"))).status_code == 404
    shown = await got(api.alice, get_draft=True)
    assert (shown["hash"], shown["draft_only"], shown["no_deployed"], shown["is_draft"]) == (
        "",
        True,
        True,
        True,
    )
    assert (shown["content"], shown["summary"], shown["draft"]) == ("draft", "s", DRAFT)
    for caller in (api.bob, api.admin):
        route = in_workspace(f"scripts/get/p/{PATH}?get_draft=true")
        assert (await caller.get(route)).status_code == 404
    listing = in_workspace("scripts/list?include_draft_only=true")
    (script,) = (await api.alice.get(listing)).json()
    assert (script["path"], script["draft_only"], script["summary"]) == (PATH, True, "s")
    assert (
        (await api.bob.get(listing)).json()
        == (await api.alice.get(in_workspace("scripts/list"))).json()
        == []
    )
    for narrower in ("&path_start=u/bob/", "&kinds=approval", "&page=2", "&show_archived=true"):
        assert (await api.alice.get(listing + narrower)).json() == []
    job = await api.alice.post(in_workspace(f"jobs/run/p/{PATH}"), json={})
    assert job.status_code == 404


async def test_deploying_removes_ones_own_draft(api: Api, owner: asyncpg.Connection):
    await make_folder(owner, "team", owners=("u/alice", "u/bob"))
    path = "f/team/script"
    for caller in (api.alice, api.bob):
        await save(caller, path)
    await deploy(api.alice, path, skip_draft_deletion=True)
    assert await own(api.alice, path) is not None
    await deploy(api.alice, path, MAIN + "#2\n", auto_parent=True)
    assert await own(api.alice, path) is None
    assert await own(api.bob, path) is not None


async def test_drafts_go_along_where_a_script_moves(api: Api, owner: asyncpg.Connection):
    await make_folder(owner, "team", owners=("u/alice", "u/bob"))
    old, new = "f/team/old", "f/team/new"
    first = await deploy(api.alice, old)
    await save(api.bob, old, value={"n": 1})
    await deploy(api.alice, new, parent_hash=first)
    assert await own(api.bob, old) is None
    moved = await own(api.bob, new)
    assert moved["value"] == {"n": 1}
    saved = await save(api.bob, old, value={"n": 2}, last_sync=moved["created_at"])
    assert (saved["status"], saved["path"]) == ("saved", new), "the editor still has the old path"
    assert (await own(api.bob, new))["value"] == {"n": 2}
    removed = await save(api.bob, old, value=None, last_sync=saved["current_timestamp"])
    assert (removed["status"], removed["path"]) == ("saved", new)


async def test_what_was_never_deployed_moves_by_itself(api: Api):
    await save(api.alice, value={**DRAFT, "draft_path": PATH})
    await save(api.alice, "u/alice/taken")
    await deploy(api.alice, "u/alice/deployed")
    await save(api.alice, "u/alice/deployed")

    async def move(path: str, new_path: str, kind: str = "script", **fields: Any) -> int:
        body = {"new_path": new_path, **fields}
        return (await api.alice.post(in_workspace(f"drafts/move/{kind}/{path}"), json=body)).status_code

    assert await move(PATH, "u/bob/x") == 403
    assert await move(PATH, "nonsense") == 400
    assert await move(PATH, "u/alice/x", "variable") == 400
    assert await move("u/alice/missing", "u/alice/x") == 404
    assert await move(PATH, "u/alice/taken") == await move(PATH, "u/alice/deployed") == 409
    assert await move("u/alice/deployed", "u/alice/x") == 409
    assert await move(PATH, "u/alice/x", summary="new") == 200
    assert await own(api.alice) is None
    moved = (await own(api.alice, "u/alice/x"))["value"]
    assert moved == {**DRAFT, "path": "u/alice/x", "draft_path": "u/alice/x", "summary": "new"}


async def test_admins_remove_drafts_of_others(api: Api, owner: asyncpg.Connection):
    await make_folder(owner, "team", owners=("u/alice", "u/bob"))
    path = "f/team/script"
    for caller in (api.alice, api.bob):
        await save(caller, path)
    await save(api.alice, path, "variable")
    route = in_workspace(f"drafts/delete_for_user/script/{path}")
    assert (await api.bob.post(route, params={"username": "alice"})).status_code == 403
    assert (await api.admin.post(route, params={"username": "alice"})).status_code == 200
    assert (await api.admin.post(route, params={"username": "alice"})).status_code == 404
    assert await own(api.bob, path) is not None
    assert (await api.admin.post(route)).status_code == 200
    assert await own(api.bob, path) is None
    secret = await api.admin.post(in_workspace(f"drafts/delete_for_user/variable/{path}"))
    assert secret.status_code == 403
    assert await own(api.alice, path, "variable") is not None


@pytest.mark.parametrize("value", [[1], "text", 5, True])
async def test_a_draft_may_be_any_json(api: Api, value: Any):
    await save(api.alice, value=value)
    assert (await own(api.alice))["value"] == value
    assert (await listed(api.alice))[0]["path"] == PATH
    assert "draft" not in await got(api.alice, get_draft=True)
