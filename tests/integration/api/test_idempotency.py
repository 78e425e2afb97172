"""``Idempotency-Key``: a repeat of a request gives the same job, another request a conflict."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import httpx

from tests.integration.api.callers import MAIN, NOBODYS_JOB, Api, deploy, in_workspace

PATH = "u/alice/script"


async def start(
    caller: httpx.AsyncClient, key: str, args: Any = None, route: str = f"p/{PATH}", **query: Any
):
    return await caller.post(
        in_workspace(f"jobs/run/{route}"), json=args or {}, params=query, headers={"Idempotency-Key": key}
    )


async def count_jobs(api: Api) -> int:
    return len((await api.admin.get(in_workspace("jobs/list"))).json())


async def test_the_same_request_gives_the_same_job(api: Api):
    await deploy(api.alice, PATH)
    first = await start(api.alice, "k", {"x": 1}, tag="a", timeout=5)
    again = await start(api.alice, "k", {"x": 1}, timeout=5, tag="a")
    assert first.status_code == again.status_code == 201
    assert first.text == again.text
    assert await count_jobs(api) == 1


async def test_another_request_with_the_key_is_a_conflict(api: Api):
    version = await deploy(api.alice, PATH)
    await deploy(api.alice, "u/alice/other")
    assert (await start(api.alice, "k", {"x": 1})).status_code == 201
    for answer in (
        await start(api.alice, "k", {"x": 2}),
        await start(api.alice, "k", {"x": 1}, tag="another"),
        await start(api.alice, "k", {"x": 1}, route="p/u/alice/other"),
    ):
        assert answer.status_code == 409
        assert "Idempotency-Key" in answer.text
    assert await count_jobs(api) == 1
    assert (await start(api.alice, "k", {"x": 1}, route=f"h/{version}")).status_code == 201, "another route"


async def test_keys_of_different_callers_are_strangers(api: Api):
    for name in ("alice", "bob"):
        await deploy(getattr(api, name), f"u/{name}/script")
    mine = await start(api.alice, "k")
    theirs = await start(api.bob, "k", route="p/u/bob/script")
    assert mine.status_code == theirs.status_code == 201
    assert mine.text != theirs.text


async def test_two_at_once_make_one_job(api: Api):
    await deploy(api.alice, PATH)
    answers = await asyncio.gather(*(start(api.alice, "k", {"x": 1}) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await count_jobs(api) == 1


async def test_a_refused_request_leaves_its_key_free(api: Api):
    missing = await start(api.alice, "k", {"x": 1})
    assert missing.status_code == 404
    await deploy(api.alice, PATH)
    assert (await start(api.alice, "k", {"x": 1})).status_code == 201


async def test_a_repeat_gives_the_job_whatever_has_become_of_its_script(api: Api):
    version = await deploy(api.alice, PATH)
    routes = (f"p/{PATH}", f"h/{version}")
    first = [await start(api.alice, "k", {"x": 1}, route=route) for route in routes]
    archived = await api.alice.post(in_workspace(f"scripts/archive/p/{PATH}"))
    assert archived.status_code == 200, archived.text
    again = [await start(api.alice, "k", {"x": 1}, route=route) for route in routes]
    assert [answer.text for answer in again] == [answer.text for answer in first]
    assert (await start(api.alice, "k", {"x": 2})).status_code == 409
    assert (await start(api.alice, "another", {"x": 1})).status_code == 404


async def test_a_key_is_kept_for_a_day(api: Api, owner: asyncpg.Connection):
    await deploy(api.alice, PATH)
    first = await start(api.alice, "k", {"x": 1})
    await owner.execute("update idempotency_key set created_at = now() - interval '23 hours 59 minutes'")
    assert (await start(api.alice, "k", {"x": 1})).text == first.text
    await owner.execute("update idempotency_key set created_at = now() - interval '24 hours 1 second'")
    later = await start(api.alice, "k", {"x": 2})
    assert later.status_code == 201
    assert later.text != first.text


async def test_every_route_that_starts_a_job_takes_a_key(api: Api):
    preview = {"content": MAIN, "language": "python3", "args": {}}
    dependencies = {"raw_scripts": [{"raw_code": "", "language": "python3"}], "entrypoint": ""}
    for route, body in (("preview", preview), ("dependencies_async", dependencies)):
        answers = [await start(api.alice, "k", body, route=route) for _ in range(2)]
        assert answers[0].text == answers[1].text
    assert await count_jobs(api) == 2


async def test_a_key_and_an_id_of_ones_own_exclude_one_another(api: Api):
    await deploy(api.alice, PATH)
    answer = await start(api.alice, "k", job_id=NOBODYS_JOB)
    assert answer.status_code == 400
    assert "job_id" in answer.text
