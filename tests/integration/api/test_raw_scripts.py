"""Source as it lies on somebody's disk: stored for a while, and imported by that person's own jobs."""

from __future__ import annotations

import hashlib
from typing import Any

import asyncpg
import httpx
import pytest

from headrace.db.transaction import acting_as
from headrace.lifecycle import raw_script
from headrace.store import raw_scripts
from headrace.worker.code_book import CodeBook, ResolvedCode
from tests.ground.people import People, make_folder
from tests.integration.api.callers import MAIN, Api, PlayedWorker, deploy, in_workspace

STORE = in_workspace("scripts/raw_temp/store")
DIFF = in_workspace("scripts/raw_temp/diff")
LOCAL = "NAME = 'local'\n"
IMPORTS = "from f.team.lib import NAME\n\ndef main():\n    return NAME\n"


@pytest.fixture(autouse=True)
async def team(owner: asyncpg.Connection, people: People) -> None:
    del people  # they have made the workspace
    await make_folder(owner, "team", owners=("u/alice", "u/bob"))


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def store(caller: httpx.AsyncClient, content: str) -> str:
    answer = await caller.post(STORE, json=content)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def start(caller: httpx.AsyncClient, references: Any, route: str = "preview") -> httpx.Response:
    code: dict[str, Any] = {"content": IMPORTS, "language": "python3", "path": "f/team/main", "lock": ""}
    if route != "preview":
        code = {"raw_scripts": [{"raw_code": IMPORTS, "language": "python3", "script_path": "f/team/main"}]}
    body = {**code, "temp_script_refs": references}
    return await caller.post(in_workspace(f"jobs/run/{route}"), json=body)


async def test_what_is_deployed_otherwise_or_out_of_sight_differs(api: Api, owner: asyncpg.Connection):
    await make_folder(owner, "secret", owners=("u/alice",))
    for path in ("f/team/same", "f/team/other", "f/secret/same"):
        await deploy(api.alice, path)
    wanted = {
        "f/team/same": sha(MAIN),
        "f/team/other": sha("x"),
        "f/team/none": "",
        "f/secret/same": sha(MAIN),
    }
    file = {"language": "python3", "content": "six\n"}
    await api.admin.post(in_workspace("workspace_dependencies/create"), json=file)
    files = [
        {"path": f"dependencies/{name}", "language": "python3", "hash": sha("six\n")}
        for name in ("requirements.in", "web.requirements.in")
    ]
    body = {"scripts": wanted, "workspace_deps": files}
    changed = (await api.bob.post(DIFF, json=body)).json()
    assert changed == ["f/team/other", "f/team/none", "f/secret/same", "dependencies/web.requirements.in"]
    assert (await api.alice.post(DIFF, json={"scripts": wanted})).json() == ["f/team/other", "f/team/none"]


@pytest.mark.parametrize("route", ["preview", "dependencies_async"])
async def test_a_job_imports_what_its_caller_has_stored(api: Api, worker: PlayedWorker, route: str):
    await deploy(api.alice, "f/team/lib", "NAME = 'deployed'\n")
    digest = await store(api.alice, LOCAL)
    assert digest == sha(LOCAL) == await store(api.alice, LOCAL)
    # Clients name their files of dependencies in the same breath.
    references = {"f/team/lib": digest, "dependencies/requirements.in": "mismatched"}
    for given, name in ((references, LOCAL), (None, "NAME = 'deployed'\n")):
        answer = await start(api.alice, given, route)
        assert answer.status_code == 201, answer.text
        job = await worker.take()
        resolved = await CodeBook(worker.pool).resolve(job)
        assert isinstance(resolved, ResolvedCode)
        assert resolved.code.modules == {"f/team/lib": name}
        await worker.end(job)


async def test_nobody_else_can_use_it_and_nothing_is_queued(api: Api, owner: asyncpg.Connection):
    digest = await store(api.alice, LOCAL)
    refused = await start(api.bob, {"f/team/lib": digest})
    assert (refused.status_code, refused.text.partition(":")[0]) == (400, "temp_script_refs")
    unknown = await start(api.bob, {"f/team/lib": sha("x")})
    assert unknown.text == refused.text.replace(digest, sha("x"))
    assert (await start(api.alice, {"no path": digest})).status_code == 400
    assert (await start(api.alice, ["no map"])).status_code == 400
    assert await owner.fetchval("select count(*) from job") == 0


async def test_operators_store_nothing(api: Api, owner: asyncpg.Connection):
    await owner.execute("update workspace_user set operator = true where username = 'bob'")
    assert (await api.bob.post(STORE, json=LOCAL)).status_code == 403
    assert (await api.alice.post(STORE, json=[LOCAL])).status_code == 400


async def test_what_is_old_goes_unless_a_job_needs_it(
    api: Api, worker: PlayedWorker, owner: asyncpg.Connection
):
    await start(api.alice, {"f/team/lib": await store(api.alice, LOCAL)})
    await store(api.alice, "x = 1\n")
    await owner.execute("update raw_script set stored_at = now() - interval '25 hours'")
    await store(api.alice, "y = 1\n")
    job = await worker.take()
    async with worker.pool.acquire() as connection:
        await raw_scripts.clean(connection)
        assert await contents(owner) == {LOCAL, "y = 1\n"}
        await worker.end(job)
        await raw_scripts.clean(connection)
    assert await contents(owner) == {"y = 1\n"}


async def test_a_workspace_keeps_so_much_and_no_more(
    api: Api, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(raw_script, "MOST_BYTES", 30)
    await start(api.alice, {"f/team/lib": await store(api.alice, LOCAL)})
    for content in ("a = 1\n", "b = 1\n", "c = 1\n"):
        await store(api.bob, content)
    assert await contents(owner) == {LOCAL, "b = 1\n", "c = 1\n"}
    full = await api.bob.post(STORE, json="d" * 20)
    assert full.status_code == 503
    assert "try again when they have ended" in full.text


async def test_the_database_shows_one_only_what_is_ones_own(api: Api, people: People):
    await store(api.alice, LOCAL)
    for person, seen in ((people.alice, 1), (people.admin, 0), (people.bob, 0)):
        async with acting_as(api.app.state.context.pool, person) as connection:
            assert await connection.fetchval("select count(*) from raw_script") == seen


async def contents(owner: asyncpg.Connection) -> set[str]:
    return {row["content"] for row in await owner.fetch("select content from raw_script")}
