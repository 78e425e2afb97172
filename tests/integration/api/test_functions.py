"""Which function a job calls, and with which arguments: entry points, preprocessors."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.api.callers import NOBODYS_JOB, Api, PlayedWorker, deploy, in_workspace, run

if TYPE_CHECKING:
    import httpx

PATH = "u/alice/script"
CHOICES = "def main(a): return a\ndef choices(a): return [a]\n"
PREPROCESSED = "def main(n): return n\ndef preprocessor(event): return {'n': event['body']}\n"
OVERRIDE = "_ENTRYPOINT_OVERRIDE"


async def post(caller: httpx.AsyncClient, path: str, body: Any, status: int = 201, **query: Any) -> str:
    answer = await caller.post(in_workspace(f"jobs/{path}"), json=body, params=query)
    assert answer.status_code == status, answer.text
    return answer.text


async def record_of(api: Api, job: str) -> dict[str, Any]:
    return (await api.alice.get(in_workspace(f"jobs_u/get/{job}"))).json()


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("run/preview", {"content": CHOICES, "args": {"a": 1, OVERRIDE: "choices"}}),
        ("run/preview", {"content": CHOICES, "args": {"a": 1}, "entrypoint_function": "choices"}),
        ("run/p/u/alice/script", {"a": 1, OVERRIDE: "choices"}),
        (
            "run/dynamic_select",
            {
                "entrypoint_function": "choices",
                "args": {"a": 1},
                "runnable_ref": {"source": "deployed", "path": PATH, "runnable_kind": "script"},
            },
        ),
        (
            "run/dynamic_select",
            {
                "entrypoint_function": "choices",
                "args": {"a": 1},
                "runnable_ref": {"source": "inline", "code": CHOICES, "language": "python3"},
            },
        ),
    ],
    ids=["preview argument", "preview field", "deployed argument", "select deployed", "select inline"],
)
async def test_a_caller_chooses_the_function(
    api: Api, worker: PlayedWorker, route: str, body: dict[str, Any]
):
    await deploy(api.alice, PATH, CHOICES)
    job = await post(api.alice, route, body)
    taken = await worker.take()
    assert (taken.entry, json.loads(taken.args)["a"]) == ("choices", 1)
    assert (await record_of(api, job))["entrypoint"] == "choices"
    for filters, count in (({}, 1), ({"excludes_entrypoint_override": "true"}, 0)):
        listed = await api.alice.get(in_workspace("jobs/list"), params=filters)
        assert len(listed.json()) == count
    await worker.end(taken)
    assert (await record_of(api, job))["entrypoint"] == "choices"


async def test_a_function_that_is_not_there_is_refused(api: Api):
    await deploy(api.alice, PATH, CHOICES)
    for route, body in (
        ("run/p/u/alice/script", {OVERRIDE: "missing"}),
        ("run/preview", {"content": CHOICES, "args": {OVERRIDE: "missing"}}),
        ("run/preview", {"content": CHOICES, "entrypoint_function": "missing"}),
    ):
        assert "no function named missing" in await post(api.alice, route, body, 400)
    for name in ("a b", "", 3):
        assert OVERRIDE in await post(api.alice, "run/p/u/alice/script", {OVERRIDE: name}, 400)
    flow = {"source": "deployed", "path": PATH, "runnable_kind": "flow"}
    body = {"entrypoint_function": "choices", "runnable_ref": flow}
    assert "flows" in await post(api.alice, "run/dynamic_select", body, 400)
    body["runnable_ref"] = {"source": "deployed", "path": PATH}
    await post(api.bob, "run/dynamic_select", body, 404)


async def test_a_library_is_run_by_one_of_its_functions(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH, "def helper(): pass\n")
    await post(api.alice, f"run/p/{PATH}", {}, 400)
    await post(api.alice, f"run/p/{PATH}", {OVERRIDE: "helper"})
    assert (await worker.take()).entry == "helper"


@pytest.mark.parametrize("prefix", ["run/", ""])
async def test_a_task_of_a_job_is_another_function_of_its_code(api: Api, worker: PlayedWorker, prefix: str):
    version = await deploy(api.alice, PATH, CHOICES)
    for start in (f"run/p/{PATH}", "run/preview"):
        parent = await post(api.alice, start, {"content": CHOICES, "args": {}})
        await worker.take()
        child = await post(api.alice, f"{prefix}workflow_as_code/{parent}/choices", {"args": {"a": 2**60}})
        taken = await worker.take()
        assert (str(taken.lease.job), str(taken.parent_job), taken.entry) == (child, parent, "choices")
        assert json.loads(taken.args) == {"a": 2**60}
        assert (taken.script_hash, taken.raw_code) in ((version, None), (None, CHOICES))
        await post(api.bob, f"{prefix}workflow_as_code/{parent}/choices", {}, 404)
    await post(api.alice, f"{prefix}workflow_as_code/{NOBODYS_JOB}/choices", {}, 404)


async def test_a_call_from_outside_gives_the_preprocessor_its_event(api: Api, worker: PlayedWorker):
    version = await deploy(api.alice, PATH, PREPROCESSED)
    for route in (f"run/p/{PATH}", f"run/h/{version}"):
        answer = await api.alice.post(
            in_workspace(f"jobs/{route}"),
            content=b'{"big": 12345678901234567890.10}',
            params={"q": "1", "token": "secret"},
            headers={"Content-Type": "application/json", "X-Mine": "mine", "Cookie": "token=secret"},
        )
        taken = await worker.take()
        assert taken.preprocessed is False
        assert b'{"big": 12345678901234567890.10}' in taken.args
        event = json.loads(taken.args)["event"]
        assert (event["kind"], event["raw_string"]) == ("webhook", '{"big": 12345678901234567890.10}')
        assert event["query"] == {"q": "1"}
        assert event["headers"]["x-mine"] == "mine"
        assert not {"authorization", "cookie"} & event["headers"].keys()
        assert (await record_of(api, answer.text))["preprocessed"] is False


async def test_bodies_of_every_kind_are_events(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH, PREPROCESSED)
    for body, wanted in (
        (b"", (None, "")), (b"[1]", ([1], "[1]")), (b'"x"', ("x", '"x"')), (b"null", (None, "null")),
    ):  # fmt: skip
        answer = await api.alice.post(in_workspace(f"jobs/run/p/{PATH}"), content=body)
        assert answer.status_code == 201, answer.text
        event = json.loads((await worker.take()).args)["event"]
        assert (event["body"], event["raw_string"]) == wanted
    payload = base64.urlsafe_b64encode(b'{"a": 1}').decode().rstrip("=")
    path = in_workspace(f"jobs/run_wait_result/p/{PATH}")
    assert (await api.alice.get(path, params={"payload": payload})).status_code == 504
    event = json.loads((await worker.take()).args)["event"]
    assert (event["body"], event["raw_string"]) == ({"a": 1}, '{"a": 1}')


async def test_a_call_that_brings_the_arguments_of_main_skips_the_preprocessor(
    api: Api, worker: PlayedWorker
):
    await deploy(api.alice, PATH, PREPROCESSED)
    await run(api.alice, PATH, {"n": 1}, skip_preprocessor="true")
    first = await worker.take()
    inside = api.client(first.token)
    async with inside:
        await run(inside, PATH, {"n": 1})
    await api.alice.post(
        in_workspace(f"jobs/run/p/{PATH}"), json={"n": 1}, headers={"X-Windmill-Client": "cli"}
    )
    await run(api.alice, PATH, {"n": 1, OVERRIDE: "main"})
    for job in (first, await worker.take(), await worker.take(), await worker.take()):
        assert (json.loads(job.args)["n"], job.preprocessed) == (1, None)
        assert "preprocessed" not in await record_of(api, str(job.lease.job))


async def test_a_script_says_whether_it_has_a_preprocessor(api: Api):
    for content, wanted in ((PREPROCESSED, True), (CHOICES, False)):
        version = await deploy(api.alice, f"u/alice/{wanted}", content)
        script = (await api.alice.get(in_workspace(f"scripts/get/h/{version}"))).json()
        assert script["has_preprocessor"] is wanted
