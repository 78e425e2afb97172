"""Versions of scripts: their line, their history, and what is archived."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from tests.ground.people import make_folder, make_member
from tests.integration.api.callers import MAIN, Api, deploy, in_workspace, run

PATH = "u/alice/script"
MOVED = "u/alice/moved"


async def read(caller: httpx.AsyncClient, route: str, **query: Any) -> Any:
    """The JSON that a route of the workspace answers with."""
    answer = await caller.get(in_workspace(f"scripts/{route}"), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def post(caller: httpx.AsyncClient, route: str, body: Any = None) -> httpx.Response:
    return await caller.post(in_workspace(f"scripts/{route}"), json=body)


def version(path: str, text: str = "", **fields: Any) -> dict[str, Any]:
    """A body that deploys."""
    return {"path": path, "content": MAIN + text, "language": "python3", "lock": "", **fields}


async def history(caller: httpx.AsyncClient, path: str, **query: Any) -> list[str]:
    return [item["script_hash"] for item in await read(caller, f"history/p/{path}", **query)]


async def test_the_history_says_who_deployed_what_when_and_why(api: Api, owner: asyncpg.Connection):
    await make_folder(owner, "team", owners=("u/alice", "u/bob"))
    path = "f/team/script"
    first = await deploy(api.alice, path, deployment_message="first one")
    second = await deploy(api.bob, path, MAIN + "#2\n", parent_hash=first)
    newest, oldest = await read(api.alice, f"history/p/{path}")
    assert (newest["script_hash"], newest["created_by"], newest["number"]) == (second, "bob", 2)
    assert "deployment_msg" not in newest
    assert (oldest["script_hash"], oldest["created_by"], oldest["number"]) == (first, "alice", 1)
    assert (oldest["deployment_msg"], oldest["archived"]) == ("first one", True)
    assert oldest["created_at"] < newest["created_at"]
    assert await read(api.alice, f"get_latest_version/{path}") == newest
    changed = await post(api.bob, f"history_update/h/{second}/p/{path}", {"deployment_msg": "faster"})
    assert (changed.status_code, changed.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert (await read(api.alice, f"history/p/{path}"))[0]["deployment_msg"] == "faster"


async def test_a_long_history_is_read_in_pages(api: Api):
    hashes = [await deploy(api.alice, PATH, f"{MAIN}#{n}\n", auto_parent=True) for n in range(5)]
    assert await history(api.alice, PATH, per_page=2) == hashes[:2:-1]
    assert await history(api.alice, PATH, per_page=2, page=3) == [hashes[0]]
    assert await history(api.alice, PATH, page=10**9) == []


async def test_a_script_keeps_its_history_where_it_moves(api: Api):
    first = await deploy(api.alice, PATH)
    second = await deploy(api.alice, MOVED, parent_hash=first)
    answer = await post(api.alice, f"update/{MOVED}", version("u/alice/third", "#3\n"))
    assert answer.status_code == 201, answer.text
    assert await history(api.alice, "u/alice/third") == [answer.text, second, first]
    shown = await read(api.alice, "get/p/u/alice/third")
    assert shown["parent_hashes"] == [second, first]
    for old in (PATH, MOVED):
        assert (await api.alice.get(in_workspace(f"scripts/get/p/{old}"))).status_code == 404
        assert await history(api.alice, old) == [answer.text, second, first]
    assert await run_hash(api.alice, first) == 201, "an old version is runnable for ever"


async def test_a_script_does_not_move_onto_another_one(api: Api):
    first = await deploy(api.alice, PATH)
    other = await deploy(api.alice, MOVED, MAIN + "#other\n")
    answer = await post(api.alice, f"update/{PATH}", version(MOVED))
    assert (answer.status_code, answer.text) == (409, f"another script is at {MOVED}, at version {other}")
    assert await history(api.alice, PATH) == [first]
    assert (await post(api.alice, f"update/{PATH}", version("u/bob/theirs"))).status_code == 403


async def run_hash(caller: httpx.AsyncClient, hash: str) -> int:  # noqa: A002 - its name there
    return (await caller.post(in_workspace(f"jobs/run/h/{hash}"), json={})).status_code


async def test_versions_at_paths_of_others_are_left_out_of_a_history_whole_pages_remain(
    api: Api, owner: asyncpg.Connection
):
    await make_folder(owner, "team", owners=("u/alice",), extra_perms={"u/bob": False})
    shared, own = "f/team/script", "u/alice/script"
    hashes = []
    for number, path in enumerate((shared, own, own, own, shared)):
        parent = {"parent_hash": hashes[-1]} if hashes else {}
        hashes.append(await deploy(api.alice, path, f"{MAIN}#{number}\n", **parent))
    assert await history(api.bob, shared, per_page=2) == [hashes[4], hashes[0]]
    assert (await read(api.bob, f"get/p/{shared}"))["parent_hashes"] == [hashes[0]]
    assert await history(api.alice, shared) == hashes[::-1]
    assert (await api.bob.get(in_workspace(f"scripts/history/p/{own}"))).status_code == 404
    for route in (f"get/h/{hashes[1]}", f"raw/h/{hashes[1]}", f"deployment_status/h/{hashes[1]}"):
        assert (await api.bob.get(in_workspace(f"scripts/{route}"))).status_code == 404, route


async def test_an_update_needs_a_script_and_the_newest_version(api: Api):
    missing = await post(api.alice, f"update/{PATH}", version(PATH))
    assert missing.status_code == 404
    first = await deploy(api.alice, PATH)
    second = await post(api.alice, f"update/{PATH}", version(PATH, "#2\n"))
    assert second.status_code == 201
    stale = await post(api.alice, f"update/{PATH}", version(PATH, "#3\n", parent_hash=first))
    assert stale.status_code == 409
    assert second.text in stale.text
    third = await post(
        api.alice, f"update/{PATH}", version(PATH, "#3\n", parent_hash=first, auto_parent=True)
    )
    assert third.status_code == 201
    assert await history(api.alice, PATH) == [third.text, second.text, first]
    assert (await post(api.bob, f"update/{PATH}", version(PATH, "#4\n"))).status_code == 404


async def test_of_two_deployers_at_once_one_wins_and_the_other_is_told(api: Api):
    first = await deploy(api.alice, PATH)
    bodies = [version(PATH, f"#{n}\n", parent_hash=first) for n in range(6)]
    answers = await asyncio.gather(*(post(api.alice, "create", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]
    (won,) = [answer.text for answer in answers if answer.status_code == 201]
    assert all(won in answer.text for answer in answers if answer.status_code == 409)
    assert await history(api.alice, PATH) == [won, first]


async def test_of_two_who_begin_a_script_at_once_one_wins(api: Api):
    bodies = [version(PATH, text) for text in ("", "", "#1\n", "#2\n")]
    answers = await asyncio.gather(*(post(api.alice, "create", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_deployers_who_take_whatever_is_newest_all_get_their_turn(api: Api):
    await deploy(api.alice, PATH)
    bodies = [version(PATH, f"#{n}\n", auto_parent=True) for n in range(6)]
    answers = await asyncio.gather(*(post(api.alice, "create", body) for body in bodies))
    assert [answer.status_code for answer in answers] == [201] * 6, [answer.text for answer in answers]
    assert [item["number"] for item in await read(api.alice, f"history/p/{PATH}")] == [7, 6, 5, 4, 3, 2, 1]


async def test_an_archived_script_is_hidden_and_its_versions_run(api: Api):
    first = await deploy(api.alice, PATH)
    assert (await post(api.bob, f"archive/p/{PATH}")).status_code == 404
    archived = await post(api.alice, f"archive/p/{PATH}")
    assert (archived.status_code, archived.text) == (200, f"script {PATH} archived")
    assert (await post(api.alice, f"archive/p/{PATH}")).status_code == 404
    assert await read(api.alice, f"exists/p/{PATH}") is False
    assert await read(api.alice, "list") == await read(api.alice, "list_paths") == []
    assert [script["hash"] for script in await read(api.alice, "list", show_archived=True)] == [first]
    assert (await read(api.alice, f"get/h/{first}"))["archived"] is True
    assert await run_hash(api.alice, first) == 201
    assert (await api.alice.post(in_workspace(f"jobs/run/p/{PATH}"), json={})).status_code == 404
    second = await deploy(api.alice, PATH, MAIN + "#2\n", parent_hash=first)
    assert await history(api.alice, PATH) == [second, first], "deployed on top, it is back"
    again = await post(api.alice, "create", version("u/alice/other", parent_hash=first))
    assert again.status_code == 409
    assert f"version {second}, which is at {PATH}" in again.text


async def test_a_version_is_archived_by_its_hash(api: Api):
    first = await deploy(api.alice, PATH)
    second = await deploy(api.alice, PATH, MAIN + "#2\n", parent_hash=first)
    for hash_ in (first, second, second):
        answer = await post(api.alice, f"archive/h/{hash_}")
        assert (answer.status_code, answer.json()["hash"], answer.json()["archived"]) == (200, hash_, True)
    assert (await post(api.bob, f"archive/h/{second}")).status_code == 404


async def test_a_path_that_is_free_again_can_be_taken_by_the_very_same_code(api: Api):
    first = await deploy(api.alice, PATH)
    await post(api.alice, f"archive/p/{PATH}")
    second = await deploy(api.alice, PATH)
    await post(api.alice, f"archive/p/{PATH}")
    third = await deploy(api.alice, PATH)
    assert len({first, second, third}) == 3
    assert await history(api.alice, PATH) == [third], "it is another script"
    assert (await read(api.alice, f"get/h/{first}"))["archived"] is True


async def test_the_source_is_read_by_path_and_hash_with_or_without_a_suffix(api: Api):
    first = await deploy(api.alice, PATH)
    second = await deploy(api.alice, PATH, MAIN + "#2\n", parent_hash=first)
    for route in (f"raw/p/{PATH}", f"raw/p/{PATH}.py", f"raw/h/{second}", f"raw/h/{second}.py"):
        answer = await api.alice.get(in_workspace(f"scripts/{route}"))
        assert (answer.status_code, answer.text) == (200, MAIN + "#2\n"), route
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert (await api.alice.get(in_workspace(f"scripts/raw/h/{first}"))).text == MAIN
    await deploy(api.alice, f"{PATH}.py", MAIN + "# the other\n")
    assert (await api.alice.get(in_workspace(f"scripts/raw/p/{PATH}.py"))).text == MAIN + "# the other\n"
    for route in (f"raw/p/{PATH}.py", f"raw/p/{PATH}.sh", f"raw/p/{PATH}"):
        assert (await api.bob.get(in_workspace(f"scripts/{route}"))).status_code == 404, route


async def test_lists_show_what_one_may_read_and_pages_are_full(api: Api):
    for name in "abc":
        await deploy(api.bob, f"u/bob/{name}")
        await deploy(api.alice, f"u/alice/{name}")
    assert await read(api.alice, "list_paths") == ["u/alice/a", "u/alice/b", "u/alice/c"]
    assert len(await read(api.admin, "list_paths")) == 6
    for page, paths in {1: ["u/alice/c", "u/alice/b"], 2: ["u/alice/a"]}.items():
        listed = await read(api.alice, "list", per_page=2, page=page)
        assert [script["path"] for script in listed] == paths
    found = await read(api.alice, "list_search")
    assert found == [{"path": f"u/alice/{name}", "content": MAIN} for name in "abc"]
    for name, is_there in {"alice": True, "bob": False}.items():
        assert await read(getattr(api, name), "exists/p/u/alice/a") is is_there


async def test_what_a_search_answers_is_bounded(api: Api, monkeypatch: pytest.MonkeyPatch):
    for name in "abc":
        await deploy(api.alice, f"u/alice/{name}")
    monkeypatch.setattr("headrace.api.routes.scripts.lists.MOST_SOURCE_BYTES", 2 * len(MAIN))
    found = await read(api.alice, "list_search")
    assert [script["path"] for script in found] == ["u/alice/b", "u/alice/c"]


async def test_scripts_are_listed_by_what_they_are(api: Api):
    first = await deploy(api.alice, "u/alice/a", kind="approval", labels=["x", "y"], description="long")
    second = await deploy(
        api.alice, "u/alice/a", MAIN + "#2\n", kind="approval", parent_hash=first, labels=["x"]
    )
    third = await deploy(
        api.alice, "u/alice/a", MAIN + "#3\n", kind="approval", parent_hash=second, labels=["x"],
        deployment_message="third", description="long",
    )  # fmt: skip
    await deploy(api.alice, "u/alice/b", is_template=True, dedicated_worker=True)

    async def listed(**query: Any) -> str:
        found = await read(api.alice, "list", order_desc=False, **query)
        return "".join(script["path"][-1] for script in found)

    assert await listed() == "ab"
    assert await listed(kinds="approval,trigger") == await listed(label="x") == "a"
    assert await listed(kinds="script") == await listed(is_template=True) == "b"
    assert await listed(is_template=False) == await listed(dedicated_worker=False) == "a"
    assert await listed(dedicated_worker=True) == "b"
    assert await listed(languages="python3,bash") == "ab"
    assert await listed(languages="bash") == await listed(label="y") == await listed(starred_only=True) == ""
    assert await listed(first_parent_hash=second) == await listed(last_parent_hash=first) == "a"
    assert await listed(parent_hash=first) == await listed(parent_hash=second) == "a"
    assert await listed(first_parent_hash=first) == await listed(last_parent_hash=second) == ""
    assert await listed(parent_hash=third) == ""
    assert await listed(kinds="", languages="", label="", path_start="", created_by="") == "ab"
    newest, _ = await read(
        api.alice, "list", order_desc=False, with_deployment_msg=True, without_description=True
    )
    assert (newest["deployment_msg"], newest["description"]) == ("third", "")
    assert (await api.alice.get(in_workspace("scripts/list?parent_hash=x"))).status_code == 400


async def test_the_error_handler_of_a_script_is_muted_without_another_version(api: Api):
    first = await deploy(api.alice, PATH)
    route = f"toggle_workspace_error_handler/p/{PATH}"
    for muted in (True, False):
        assert (await post(api.alice, route, {"muted": muted})).status_code == 200
        shown = await read(api.alice, f"get/p/{PATH}")
        assert (shown["hash"], shown["ws_error_handler_muted"]) == (first, muted)
    assert (await post(api.bob, route, {"muted": True})).status_code == 404


async def test_a_script_has_no_tokens_and_no_triggers(api: Api):
    await deploy(api.alice, PATH)
    assert await read(api.alice, f"list_tokens/{PATH}") == []
    counts = await read(api.alice, f"get_triggers_count/{PATH}")
    assert counts["schedule_count"] == 0
    assert set(counts.values()) == {0}
    for route in ("list_tokens", "get_triggers_count"):
        assert (await api.bob.get(in_workspace(f"scripts/{route}/{PATH}"))).status_code == 404


async def test_who_may_read_but_not_write_changes_nothing(api: Api, owner: asyncpg.Connection):
    await make_member(owner, "dora", operator=True)
    await api.sign_in("dora", "dora@acme.test")
    await make_folder(owner, "team", owners=("u/alice",), extra_perms={"u/bob": False, "u/dora": True})
    path = "f/team/script"
    first = await deploy(api.alice, path)
    for caller in (api.bob, api.dora):
        for route, body in {
            f"archive/p/{path}": None,
            f"archive/h/{first}": None,
            f"update/{path}": version(path, "#2\n"),
            f"history_update/h/{first}/p/{path}": {"deployment_msg": "x"},
            f"toggle_workspace_error_handler/p/{path}": {"muted": True},
        }.items():
            assert (await post(caller, route, body)).status_code == 403, route
    assert await history(api.bob, path) == [first]


async def test_a_version_of_another_script_is_not_in_this_ones_history(api: Api):
    await deploy(api.alice, PATH)
    other = await deploy(api.alice, "u/alice/other")
    answer = await post(api.alice, f"history_update/h/{other}/p/{PATH}", {"deployment_msg": "x"})
    assert (answer.status_code, answer.text) == (404, f"script {PATH} has no version {other}")


async def test_a_job_of_an_old_version_says_which(api: Api):
    first = await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    await deploy(api.alice, PATH, MAIN + "#2\n", parent_hash=first)
    shown = (await api.alice.get(in_workspace(f"jobs_u/get/{job}"))).json()
    assert shown["script_hash"] == first
