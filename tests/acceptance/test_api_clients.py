"""The public Python client against a whole installation, and what a job can do from within."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import wmill

from tests.acceptance.commands import Up

FOLDER = "f/clients"
DOUBLE = "def main(x: int):\n    return {'twice': 2 * x}\n"
FAILS = "def main():\n    raise ValueError('no luck')\n"
REFERS = """
import os


def main(password: str, login: dict, n: int):
    return len(password), login, n, os.environ.get("REGION")
"""
SLEEPS = "import time\n\ndef main():\n    print('asleep', flush=True)\n    time.sleep(600)\n"
# What the client does in a job, with the standard library alone: nothing has to be installed.
CALLS_BACK = """
import json
import os
import urllib.request


def call(path, body=None):
    request = urllib.request.Request(
        f"{os.environ['BASE_INTERNAL_URL']}/api/w/{os.environ['WM_WORKSPACE']}/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {os.environ['WM_TOKEN']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return answer.read().decode()


def main(child: str):
    job = os.environ["WM_JOB_ID"]
    started = call(f"jobs/run/p/{child}?parent_job={job}", {"x": 21})
    state = os.environ["WM_STATE_PATH_NEW"]
    call("resources/create", {"path": state, "value": [started], "resource_type": "state"})
    return {
        "me": json.loads(call("users/whoami"))["username"],
        "state": json.loads(call(f"resources/get_value_interpolated/{state}")),
        "parent": json.loads(call(f"jobs_u/get/{started}"))["parent_job"] == job,
    }
"""


@pytest.fixture
async def client(server: Up, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[wmill.Windmill]:
    """The client as the installation's superadmin, with a folder for the tests' scripts."""
    async with server.in_workspace() as http:
        made = await http.post("/folders/create", json={"name": FOLDER.removeprefix("f/")})
        assert made.status_code in (200, 409), made.text
    monkeypatch.setenv("BASE_INTERNAL_URL", server.url)
    monkeypatch.setenv("WM_WORKSPACE", server.workspace)
    monkeypatch.setenv("WM_TOKEN", server.token)
    monkeypatch.setenv("WM_STATE_PATH_NEW", f"{FOLDER}/some_state")
    client = await asyncio.to_thread(wmill.Windmill)
    yield client
    client.client.close()


async def call(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call the client, which blocks, beside the event loop."""
    return await asyncio.to_thread(function, *args, **options)


async def deploy(server: Up, name: str, content: str) -> tuple[str, str]:
    """Deploy a script; returns its path and hash."""
    path = f"{FOLDER}/{name}"
    body = {"path": path, "content": content, "language": "python3", "lock": "", "auto_parent": True}
    async with server.in_workspace() as http:
        made = await http.post("/scripts/create", json=body)
    assert made.status_code == 201, made.text
    return path, made.text


async def test_scripts_run_by_path_and_by_hash(server: Up, client: wmill.Windmill):
    path, version = await deploy(server, "double", DOUBLE)
    assert await call(client.run_script_by_path, path, args={"x": 4}) == {"twice": 8}
    assert await call(client.run_script_by_hash, version, args={"x": 2**60}) == {"twice": 2**61}
    job = await call(client.run_script_by_path_async, path, args={"x": 1})
    assert await call(client.wait_job, job) == {"twice": 2}
    assert await call(client.get_job_status, job) == "COMPLETED"


async def test_a_failed_script_raises_its_error(server: Up, client: wmill.Windmill):
    path, _ = await deploy(server, "fails", FAILS)
    with pytest.raises(Exception, match="no luck"):
        await call(client.run_script_by_path, path)


async def test_a_running_job_is_cancelled(server: Up, client: wmill.Windmill):
    path, _ = await deploy(server, "sleeps", SLEEPS)
    job = await call(client.run_script_by_path_async, path)
    logs = ""
    async with server.in_workspace() as http:
        while "asleep" not in logs:
            updates = await http.get(f"/jobs_u/getupdate/{job}", params={"running": True, "log_offset": 0})
            logs = updates.json()["new_logs"]
    await call(client.cancel_job, job, "enough")
    with pytest.raises(Exception, match="enough"):
        await call(client.wait_job, job)
    shown = await call(client.get_job, job)
    assert (shown["canceled"], shown["canceled_reason"]) == (True, "enough")


async def test_state_is_kept(client: wmill.Windmill):
    assert await call(client.get_state) is None
    for state in ({"n": 1}, [1.5, None], "text"):
        await call(client.set_state, state)
        assert await call(client.get_state) == state


async def test_a_job_calls_back_with_its_own_token(server: Up, client: wmill.Windmill):
    child, _ = await deploy(server, "child", DOUBLE)
    path, _ = await deploy(server, "calls_back", CALLS_BACK)
    result = await call(client.run_script_by_path, path, args={"child": child})
    assert result["parent"] is True
    async with server.in_workspace() as http:
        assert result["me"] == (await http.get("/users/whoami")).json()["username"]
    assert await call(client.wait_job, result["state"][0]) == {"twice": 42}


async def test_arguments_may_refer_to_secrets_and_jobs_have_the_workspaces_environment(
    server: Up, client: wmill.Windmill
):
    await call(client.set_variable, f"{FOLDER}/password", "hunter2", is_secret=True)
    await call(client.set_resource, {"password": f"$var:{FOLDER}/password"}, f"{FOLDER}/login", "login")
    async with server.in_workspace() as http:
        region = {"name": "REGION", "value": "eu"}
        assert (await http.post("/workspaces/set_environment_variable", json=region)).status_code == 200
    path, _ = await deploy(server, "refers", REFERS)
    args = {"password": f"$var:{FOLDER}/password", "login": f"$res:{FOLDER}/login", "n": 2**60}
    # A worker that has just looked at the workspace's environment looks again some seconds later.
    job, result = "", [None] * 4
    while result[3] is None:
        job = await call(client.run_script_by_path_async, path, args=args)
        result = await call(client.wait_job, job)
    assert result == [7, {"password": "hunter2"}, 2**60, "eu"]
    assert (await call(client.get_job, job))["args"] == args
    with pytest.raises(Exception, match=rf"\$var:{FOLDER}/none can't be had as .*does not exist"):
        await call(client.run_script_by_path, path, args={**args, "password": f"$var:{FOLDER}/none"})


async def test_a_call_that_waits_answers_with_the_result(server: Up, client: wmill.Windmill):
    path, _ = await deploy(server, "double", DOUBLE)
    del client  # it has made the folder
    async with server.in_workspace() as http:
        answer = await http.post(f"/jobs/run_wait_result/p/{path}", content=b'{"x": 9007199254740993}')
    assert (answer.status_code, answer.content) == (200, b'{"twice": 18014398509481986}')
