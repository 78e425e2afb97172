"""Old jobs are run once more: as who asks, with the old arguments or others, line by line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx

from headrace.model.outcome import Status
from tests.ground.people import make_folder
from tests.integration.api.callers import NOBODYS_JOB, Api, PlayedWorker, deploy, in_workspace, run

PATH = "u/alice/script"
SHARED = "f/team/script"
ROUTE = in_workspace("jobs/run/batch_rerun_jobs")
GROUPS = in_workspace("jobs/list_selected_job_groups")


async def rerun(caller: httpx.AsyncClient, *jobs: str, **options: Any) -> list[str]:
    """The lines of the answer."""
    body = {"job_ids": jobs, "script_options_by_path": options, "flow_options_by_path": {}}
    answer = await caller.post(ROUTE, json=body)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (201, "text/plain"), (
        answer.text
    )
    assert answer.text.endswith("\n")
    return answer.text.splitlines()


async def get(caller: httpx.AsyncClient, job: str) -> dict[str, Any]:
    return (await caller.get(in_workspace(f"jobs_u/get/{job}"))).json()


async def test_a_job_runs_the_same_version_with_the_same_arguments(owner: asyncpg.Connection, api: Api):
    version = await deploy(api.alice, PATH)
    args = b'{"x": 1.10, "big": 9007199254740993}'
    headers = {"Content-Type": "application/json"}
    options = {"tag": "slow", "invisible_to_owner": "true"}
    old = (
        await api.alice.post(
            in_workspace(f"jobs/run/p/{PATH}"), content=args, headers=headers, params=options
        )
    ).text
    newer = await deploy(api.alice, PATH, "def main(x): return 2\n", auto_parent=True)
    [line] = await rerun(api.alice, old)
    shown = await get(api.alice, line)
    assert line != old
    assert (shown["script_hash"], shown["tag"], shown["visible_to_owner"]) == (version, "slow", False)
    assert await owner.fetchval("select args from job where id = $1", line) == args
    [line] = await rerun(api.alice, old, **{PATH: {"use_latest_version": True}})
    shown = await get(api.alice, line)
    assert (shown["script_hash"], shown["tag"]) == (newer, "python3")


async def test_arguments_are_given_anew_as_values_and_by_plain_paths(owner: asyncpg.Connection, api: Api):
    version = await deploy(api.alice, PATH)
    old = await run(api.alice, PATH, {"x": {"rows": [1, {"y": 2.50}]}, "kept": "as it was"})
    body = (
        b'{"job_ids": ["%s"], "script_options_by_path": {"%s": {"input_transforms": {'
        b'"a": {"type": "static", "value": 1.10},'
        b'"b": {"type": "javascript", "expr": "job.input.x.rows[1].y"},'
        b'"c": {"type": "javascript", "expr": "flow_input[\'kept\']"},'
        b'"d": {"type": "javascript", "expr": "job.script_hash"},'
        b'"e": {"type": "javascript", "expr": "job.input.missing.z"},'
        b'"x": {"type": "static"}}}}, "flow_options_by_path": {}}' % (old.encode(), PATH.encode())
    )
    answer = await api.alice.post(ROUTE, content=body, headers={"Content-Type": "application/json"})
    args = await owner.fetchval("select args from job where id = $1", answer.text.strip())
    old_ones = '"x": null, "kept": "as it was"'
    new_ones = f'"a": 1.10, "b": 2.5, "c": "as it was", "d": "{version}", "e": null'
    assert args.decode() == f"{{{old_ones}, {new_ones}}}"


async def test_each_is_run_as_who_asks_and_a_line_tells_what_was_not(
    owner: asyncpg.Connection, api: Api, worker: PlayedWorker
):
    await make_folder(owner, "team", owners=("u/alice",), extra_perms={"u/bob": False})
    await deploy(api.alice, SHARED)
    await deploy(api.alice, PATH)
    shared, own = await run(api.alice, SHARED), await run(api.alice, PATH)
    erased = await run(api.alice, SHARED, priority=9)
    await worker.end(await worker.take(), b"1", Status.SUCCESS)
    await api.alice.post(in_workspace(f"jobs/completed/delete/{erased}"))
    lock = (
        await api.alice.post(
            in_workspace("jobs/run/dependencies_async"),
            json={"raw_scripts": [{"raw_code": "", "language": "python3"}], "entrypoint": ""},
        )
    ).text
    lines = await rerun(api.bob, own, shared, NOBODYS_JOB, erased)
    assert lines[0] == f"Error: job {own} does not exist, or you may not see it"
    assert lines[2] == f"Error: job {NOBODYS_JOB} does not exist, or you may not see it"
    assert lines[3] == f"Error: the data of job {erased} were erased"
    shown = await get(api.bob, lines[1])
    assert (shown["created_by"], shown["permissioned_as"]) == ("bob", "u/bob")
    [line] = await rerun(api.alice, lock)
    assert line == f"Error: job_ids: job {lock} is of the kind dependencies, none to run again"
    preview = await api.alice.post(in_workspace("jobs/run/preview"), json={"content": "def main(): pass"})
    [line] = await rerun(api.alice, preview.text)
    assert (await get(api.alice, line))["raw_code"] == "def main(): pass"


async def test_what_can_not_be_worked_out_is_refused_before_anything_runs(
    owner: asyncpg.Connection, api: Api
):
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    place = f"script_options_by_path.{PATH}.input_transforms"
    for transform, words in (
        ({"type": "javascript", "expr": "job.input.x + 1"}, f"{place}.'x': must be a plain path"),
        ({"type": "javascript", "expr": "results.a"}, f"{place}.'x': must be a plain path"),
        ({"type": "ai"}, f"{place}.'x': is for agents only"),
        ({"type": "odd"}, f"{place}.x: "),
        ({"type": "javascript"}, f"{place}.x"),
        (5, f"{place}.x"),
    ):
        body = {
            "job_ids": [job],
            "script_options_by_path": {PATH: {"input_transforms": {"x": transform}}},
            "flow_options_by_path": {},
        }
        answer = await api.alice.post(ROUTE, json=body)
        assert (answer.status_code, answer.text[: len(words)]) == (400, words)
    for body, field in (
        ({"job_ids": ["x"]}, "job_ids.0: "),
        ({"job_ids": job}, "job_ids: "),
        ({"job_ids": [job] * 10_001}, "job_ids: "),
        ({"job_ids": [job], "script_options_by_path": {"x": {}}}, "script_options_by_path: "),
        ({}, "job_ids: "),
    ):
        answer = await api.alice.post(ROUTE, json=body)
        assert (answer.status_code, answer.text[: len(field)]) == (400, field)
    keyed = await api.alice.post(ROUTE, json={"job_ids": [job]}, headers={"Idempotency-Key": "k"})
    assert (keyed.status_code, keyed.text.split(":")[0]) == (400, "Idempotency-Key")
    assert await owner.fetchval("select count(*) from job_queue") == 1


async def test_when_the_caller_goes_away_the_rest_is_not_started(owner: asyncpg.Connection, api: Api):
    await deploy(api.alice, PATH)
    jobs = [await run(api.alice, PATH) for _ in range(3)]
    has_gone = asyncio.Event()
    requests = [{"type": "http.request", "body": json.dumps({"job_ids": jobs}).encode()}]

    async def receive() -> dict[str, Any]:
        if requests:
            return requests.pop()
        await has_gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.body":
            has_gone.set()
            await asyncio.Event().wait()

    url = urlsplit(f"http://test/api{ROUTE}")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": url.path,
        "raw_path": url.path.encode(),
        "query_string": b"",
        "root_path": "",
        "server": ("test", 80),
        "client": ("127.0.0.1", 1),
        "headers": [
            (b"host", b"test"),
            (b"content-type", b"application/json"),
            (b"authorization", f"Bearer {api.tokens['alice']}".encode()),
        ],
    }
    await api.app(scope, receive, send)
    assert await owner.fetchval("select count(*) from job_queue") == 4


async def test_jobs_are_grouped_by_what_they_ran(api: Api, worker: PlayedWorker):
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}}
    version = await deploy(api.alice, PATH, schema=schema)
    first, second = await run(api.alice, PATH), await run(api.alice, PATH)
    await worker.end(await worker.take())
    newer = await deploy(
        api.alice, PATH, "def main(): return 2\n", auto_parent=True, schema={"type": "object"}
    )
    third = await run(api.alice, PATH)
    preview = await api.alice.post(in_workspace("jobs/run/preview"), json={"content": "def main(): pass"})
    answer = await api.alice.post(GROUPS, json=[third, second, first, preview.text, NOBODYS_JOB])
    assert answer.status_code == 200, answer.text
    [group] = answer.json()
    assert (group["kind"], group["script_path"], group["latest_schema"]) == (
        "script",
        PATH,
        {"type": "object"},
    )
    assert {item["script_hash"]: (item["schema"], item["job_ids"]) for item in group["schemas"]} == {
        version: (schema, [first, second]),
        newer: ({"type": "object"}, [third]),
    }
    assert (await api.bob.post(GROUPS, json=[first])).json() == []
