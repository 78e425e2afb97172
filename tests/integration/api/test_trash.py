"""The trash bin: admins delete and restore; nobody reads or runs what lies in it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx

from headrace.model.outcome import Status
from headrace.store import trash
from tests.integration.api.callers import MAIN, Api, PlayedWorker, deploy, in_workspace, run

if TYPE_CHECKING:
    from headrace.db.connection import Pool

PATH = "u/alice/script"


async def ask(caller: httpx.AsyncClient, method: str, route: str, body: Any = None) -> httpx.Response:
    return await caller.request(method, in_workspace(route), json=body)


async def the_item(api: Api) -> dict[str, Any]:
    """The only thing in the bin."""
    (item,) = (await ask(api.admin, "GET", "trash/list")).json()
    return item


async def test_a_deleted_script_is_gone_for_everybody_and_comes_back_whole(api: Api):
    first = await deploy(api.alice, PATH, summary="s", deployment_message="why")
    second = await deploy(api.alice, PATH, MAIN + "#2\n", parent_hash=first)
    before = (await ask(api.alice, "GET", f"scripts/get/p/{PATH}")).json()
    deleted = await ask(api.admin, "POST", f"scripts/delete/p/{PATH}")
    assert (deleted.status_code, deleted.json()) == (200, PATH)
    for name in ("alice", "admin"):
        caller = getattr(api, name)
        for hash_ in (first, second):
            for method, route in (
                ("GET", "scripts/get/h/"),
                ("GET", "scripts/raw/h/"),
                ("POST", "jobs/run/h/"),
            ):
                answer = await ask(caller, method, f"{route}{hash_}")
                assert (answer.status_code, answer.text) == (
                    404,
                    f"script version {hash_} of {PATH} was deleted",
                )
        for route in ("get/p", "raw/p", "history/p", "get_latest_version"):
            assert (await ask(caller, "GET", f"scripts/{route}/{PATH}")).status_code == 404
        for query in ("", "?show_archived=true"):
            assert (await ask(caller, "GET", f"scripts/list{query}")).json() == []
    assert "was deleted" not in (await ask(api.bob, "GET", f"scripts/get/h/{second}")).text
    item = await the_item(api)
    assert (item["item_kind"], item["item_path"], item["deleted_by"]) == ("script", PATH, "admin")
    shown = (await ask(api.admin, "GET", f"trash/get/{item['id']}")).json()["item_data"]
    assert (shown["hash"], shown["content"]) == (second, MAIN + "#2\n")
    assert [version["script_hash"] for version in shown["versions"]] == [second, first]
    restored = await ask(api.admin, "POST", f"trash/restore/{item['id']}")
    assert (restored.status_code, restored.text) == (200, f"script {PATH} restored")
    assert (await ask(api.alice, "GET", f"scripts/get/p/{PATH}")).json() == before
    history = (await ask(api.alice, "GET", f"scripts/history/p/{PATH}")).json()
    assert [version.get("deployment_msg") for version in history] == [None, "why"]
    assert (await ask(api.admin, "GET", "trash/list")).json() == []
    assert (await ask(api.admin, "POST", f"trash/restore/{item['id']}")).status_code == 404


async def test_only_admins_delete_and_look_into_the_bin(api: Api):
    first = await deploy(api.alice, PATH)
    for method, route, body in (
        ("POST", f"scripts/delete/p/{PATH}", None),
        ("POST", f"scripts/delete/h/{first}", None),
        ("DELETE", "scripts/delete_bulk", {"paths": [PATH]}),
    ):
        assert (await ask(api.alice, method, route, body)).status_code == 403
    await ask(api.admin, "POST", f"scripts/delete/p/{PATH}")
    item = (await the_item(api))["id"]
    for method, route in (
        ("GET", "trash/list"),
        ("GET", f"trash/get/{item}"),
        ("POST", f"trash/restore/{item}"),
        ("DELETE", f"trash/delete/{item}"),
        ("POST", "trash/empty"),
    ):
        assert (await ask(api.alice, method, route)).status_code == 403
    assert (await ask(api.superadmin, "GET", "trash/list")).json() == [await the_item(api)]


async def test_a_script_is_not_restored_over_another_one(api: Api):
    await deploy(api.alice, PATH)
    await ask(api.admin, "POST", f"scripts/delete/p/{PATH}")
    again = await deploy(api.alice, PATH)
    item = (await the_item(api))["id"]
    refused = await ask(api.admin, "POST", f"trash/restore/{item}")
    assert refused.status_code == 409
    assert refused.text.startswith(f"there is a script at {PATH} again")
    await ask(api.alice, "POST", f"scripts/archive/h/{again}")
    assert (await ask(api.admin, "POST", f"trash/restore/{item}")).status_code == 200


async def test_who_deploys_while_the_script_is_deleted_leaves_no_half_of_it(api: Api):
    first = await deploy(api.alice, PATH)
    body = {"path": PATH, "content": MAIN + "#2\n", "language": "python3", "lock": "", "parent_hash": first}
    deployed, deleted = await asyncio.gather(
        ask(api.alice, "POST", "scripts/create", body), ask(api.admin, "POST", f"scripts/delete/p/{PATH}")
    )
    assert (deleted.status_code, deployed.status_code in (201, 400, 409)) == (200, True), deployed.text
    item = await the_item(api)
    held = (await ask(api.admin, "GET", f"trash/get/{item['id']}")).json()["item_data"]["versions"]
    assert len(held) == (2 if deployed.status_code == 201 else 1)
    assert (await ask(api.admin, "GET", "scripts/list")).json() == []


async def test_one_version_is_deleted_and_the_others_stay(api: Api):
    first = await deploy(api.alice, PATH)
    second = await deploy(api.alice, PATH, MAIN + "#2\n", parent_hash=first)
    left = await ask(api.admin, "POST", f"scripts/delete/h/{first}")
    assert left.status_code == 200
    assert (left.json()["hash"], left.json()["deleted"], left.json()["content"]) == (first, True, "")
    assert (await ask(api.alice, "GET", f"scripts/get/p/{PATH}")).json()["hash"] == second
    history = (await ask(api.alice, "GET", f"scripts/history/p/{PATH}")).json()
    assert [version["script_hash"] for version in history] == [second]
    body = {"path": "u/alice/x", "content": MAIN, "language": "python3", "lock": "", "parent_hash": first}
    assert (await ask(api.admin, "POST", "scripts/create", body)).status_code == 400
    assert (await ask(api.admin, "POST", f"scripts/delete/h/{first}")).status_code == 404


async def test_a_deleted_successor_keeps_its_place_in_the_line(api: Api):
    first = await deploy(api.alice, PATH)
    second = await deploy(api.alice, PATH, MAIN + "#2\n", parent_hash=first)
    await ask(api.admin, "POST", f"scripts/delete/h/{second}")
    body = {"path": PATH, "content": MAIN + "#3\n", "language": "python3", "lock": "", "parent_hash": first}
    refused = await ask(api.admin, "POST", "scripts/create", body)
    assert refused.status_code == 409
    assert f"version {second}, which was deleted" in refused.text
    assert (await ask(api.alice, "POST", "scripts/create", body)).status_code == 409
    assert (await ask(api.admin, "POST", f"trash/restore/{(await the_item(api))['id']}")).status_code == 200
    assert (await ask(api.alice, "GET", f"scripts/get/p/{PATH}")).json()["hash"] == second


async def test_many_are_deleted_at_once(api: Api):
    for name in "abc":
        await deploy(api.alice, f"u/alice/{name}")
    paths = ["u/alice/a", "u/alice/nothing", "u/alice/b", "u/alice/a"]
    answer = await ask(api.admin, "DELETE", "scripts/delete_bulk", {"paths": paths})
    assert (answer.status_code, answer.json()) == (200, ["u/alice/a", "u/alice/b"])
    assert (await ask(api.admin, "GET", "scripts/list_paths")).json() == ["u/alice/c"]
    assert len((await ask(api.admin, "GET", "trash/list?per_page=1")).json()) == 1
    assert (await ask(api.admin, "GET", "trash/list?item_kind=flow")).json() == []
    emptied = await ask(api.admin, "POST", "trash/empty")
    assert (emptied.status_code, emptied.text) == (200, "2 items erased")


async def test_what_is_erased_leaves_only_its_name(api: Api, owner: asyncpg.Connection):
    first = await deploy(api.alice, PATH, summary="secret", description="secret", tag="secret")
    job = await run(api.alice, PATH)
    await ask(api.admin, "POST", f"scripts/delete/p/{PATH}")
    item = (await the_item(api))["id"]
    assert (await ask(api.admin, "DELETE", f"trash/delete/{item}")).status_code == 200
    assert (await ask(api.admin, "GET", f"trash/get/{item}")).status_code == 404
    row = await owner.fetchrow("select * from script where hash = $1", first)
    assert row is not None
    assert (row["path"], row["content"], row["lock"], row["deleted"]) == (PATH, "", None, True)
    assert "secret" not in str(dict(row))
    assert (await ask(api.alice, "GET", f"jobs_u/get/{job}")).json()["script_hash"] == first
    assert (await deploy(api.alice, PATH, summary="secret", description="secret", tag="secret")) != first


async def test_what_nobody_restores_in_three_days_is_erased(
    api: Api, owner: asyncpg.Connection, worker_pool: Pool
):
    for name in "ab":
        await deploy(api.alice, f"u/alice/{name}")
        await ask(api.admin, "POST", f"scripts/delete/p/u/alice/{name}")
    async with worker_pool.acquire() as leader:
        assert await trash.erase_expired(leader) == 0
        age = "update trash set expires_at = expires_at - interval '3 days' where item_path = 'u/alice/a'"
        await owner.execute(age)
        listed = (await ask(api.admin, "GET", "trash/list")).json()
        assert [item["item_path"] for item in listed] == ["u/alice/b"], "its time is over at once"
        assert await trash.erase_expired(leader) == 1
        assert await trash.erase_expired(leader) == 0
    contents = await owner.fetch("select content from script order by path")
    assert [row["content"] for row in contents] == ["", MAIN]


async def test_a_version_deleted_while_it_was_being_locked_is_locked_again(
    api: Api, worker: PlayedWorker, owner: asyncpg.Connection
):
    body = {"path": PATH, "content": MAIN, "language": "python3"}
    version = (await ask(api.alice, "POST", "scripts/create", body)).text
    await ask(api.admin, "POST", f"scripts/delete/p/{PATH}")
    error = b'{"error": {"name": "InternalErr", "message": "was deleted"}}'
    await worker.end(await worker.take(), error, Status.FAILURE)
    assert await owner.fetchval("select lock_error from script") == "was deleted"
    await ask(api.admin, "POST", f"trash/restore/{(await the_item(api))['id']}")
    status = (await ask(api.alice, "GET", f"scripts/deployment_status/h/{version}")).json()
    assert set(status) == {"job_id"}
    job = await run(api.alice, PATH)
    await worker.end(await worker.take(), b'{"lock": "# new"}')
    assert str((await worker.take()).lease.job) == job
    status = (await ask(api.alice, "GET", f"scripts/deployment_status/h/{version}")).json()
    assert status["lock"] == "# new"
