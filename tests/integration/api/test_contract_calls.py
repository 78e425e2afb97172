"""The generated client of the public contract starts jobs and reads what calls that wait are answered."""

from __future__ import annotations

import asyncio
import json
from types import ModuleType
from typing import Any

from windmill_api.api.job import (
    run_raw_script_dependencies,
    run_script_by_hash,
    run_script_by_hash_inline,
    run_script_by_path,
    run_script_by_path_inline,
    run_script_preview_and_wait_result,
    run_script_preview_inline,
    run_wait_result_script_by_path,
    run_wait_result_script_by_path_get,
)

from tests.ground.people import WORKSPACE
from tests.integration.api.callers import MAIN, NOBODYS_JOB, Api, PlayedWorker, deploy, queued
from tests.integration.api.test_contract import Body, Client

PATH = "u/alice/script"
OPTIONS = {"tag": "python3", "job_id": NOBODYS_JOB, "invisible_to_owner": True, "skip_preprocessor": True}


async def test_calls_that_wait(api: Api, worker: PlayedWorker):
    version = await deploy(api.alice, PATH)
    client = Client(api.alice)
    preview = Body(content=MAIN, language="python3", args={"x": 1})
    locked = Body(raw_scripts=[{"raw_code": MAIN, "language": "python3", "path": PATH}], entrypoint=PATH)
    limited = {"queue_limit": "5", "include_header": "X-Mine"}
    calls: list[tuple[ModuleType, dict[str, Any]]] = [
        (run_wait_result_script_by_path, {"path": PATH, "json_body": Body(x=1), **limited}),
        (run_wait_result_script_by_path_get, {"path": PATH, "payload": "eyJ4IjogMX0", **limited}),
        (run_script_preview_and_wait_result, {"json_body": preview}),
        (run_script_by_path_inline, {"path": PATH, "json_body": Body(args={"x": 1})}),
        (run_script_by_hash_inline, {"hash_": version, "json_body": Body(args={"x": 1})}),
        (run_script_preview_inline, {"json_body": preview}),
    ]
    for operation, values in calls:
        waiting = asyncio.ensure_future(client.text(operation, 200, workspace=WORKSPACE, **values))
        await queued(api)
        taken = await worker.take()
        assert json.loads(taken.args) == {"x": 1}, operation
        await worker.end(taken, b'{"y": 2}')
        assert await waiting == '{"y": 2}'
    waiting = asyncio.ensure_future(
        client.created(run_raw_script_dependencies, workspace=WORKSPACE, json_body=locked)
    )
    await queued(api)
    await worker.end(await worker.take(), b'{"lock": "x==1"}')
    assert (await waiting).lock == "x==1"


async def test_jobs_are_started_with_every_option(api: Api):
    version = await deploy(api.alice, PATH)
    client = Client(api.alice)
    values = {"workspace": WORKSPACE, "json_body": Body(x=1), **OPTIONS}
    assert await client.text(run_script_by_path, 201, path=PATH, **values) == NOBODYS_JOB
    values["job_id"] = NOBODYS_JOB.replace("0", "1")
    started = await client.text(
        run_script_by_hash, 201, hash_=version, parent_job=NOBODYS_JOB, include_header="a,b", **values
    )
    shown = (await api.alice.get(f"/w/{WORKSPACE}/jobs_u/get/{started}")).json()
    assert (shown["parent_job"], shown["visible_to_owner"]) == (NOBODYS_JOB, False)
