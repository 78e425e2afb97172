"""The public Python client, as jobs use it, over real HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
import wmill

from headrace.model.outcome import Status
from tests.ground.people import WORKSPACE
from tests.integration.api.callers import Api, PlayedWorker, deploy

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "u/alice/script"


@pytest.fixture
async def client(api: Api, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[wmill.Windmill]:
    """The client with alice's token, and our application behind a socket."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(api.app, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    monkeypatch.setenv("BASE_INTERNAL_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("WM_WORKSPACE", WORKSPACE)
    monkeypatch.setenv("WM_TOKEN", api.tokens["alice"])
    monkeypatch.setenv("WM_STATE_PATH_NEW", "u/alice/script/user")
    made = await asyncio.to_thread(wmill.Windmill)
    yield made
    made.client.close()
    server.should_exit = True
    await serving


async def call(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call the client, which blocks, beside the event loop."""
    return await asyncio.to_thread(function, *args, **options)


async def test_state_is_kept_between_runs(client: wmill.Windmill):
    assert await call(client.get_state) is None
    await call(client.set_state, {"seen": [1, 2]})
    assert await call(client.get_state) == {"seen": [1, 2]}
    await call(client.set_state, None)
    assert await call(client.get_state) is None
    await call(client.set_state, 5)
    assert await call(client.get_state) == 5


async def test_resources_are_made_changed_and_read(client: wmill.Windmill):
    await call(client.set_resource, {"host": "a"}, "u/alice/database", "postgresql")
    assert await call(client.get_resource, "u/alice/database") == {"host": "a"}
    await call(client.set_resource, {"host": "b"}, "u/alice/database", "postgresql")
    assert await call(client.get_resource, "$res:u/alice/database") == {"host": "b"}
    assert await call(client.get_resource, "u/alice/missing", none_if_undefined=True) is None
    with pytest.raises(Exception, match="404"):
        await call(client.get_resource, "u/alice/missing")


async def test_variables_are_made_changed_and_read(api: Api, client: wmill.Windmill):
    await call(client.set_variable, "u/alice/password", "hunter2", is_secret=True)
    assert await call(client.get_variable, "u/alice/password") == "hunter2"
    await call(client.set_variable, "u/alice/password", "second")
    assert await call(client.get_variable, "var://u/alice/password") == "second"
    shown = await api.alice.get(f"/w/{WORKSPACE}/variables/get/u/alice/password?decrypt_secret=false")
    assert shown.json()["is_secret"] is True
    await call(client.set_resource, {"password": "$var:u/alice/password"}, "u/alice/login", "database")
    assert await call(client.get_resource, "u/alice/login") == {"password": "second"}
    await call(client.set_state, 1)
    listed = await call(client.list_resources)
    assert [item["path"] for item in listed] == ["u/alice/login"]
    assert [item["path"] for item in await call(client.list_resources, "state")] == ["u/alice/script/user"]


async def test_a_script_is_run_and_waited_for(api: Api, client: wmill.Windmill, worker: PlayedWorker):
    version = await deploy(api.alice, PATH)
    for options in ({"path": PATH}, {"hash_": version}):
        job = await call(client.run_script_async, **options, args={"x": 1})
        assert await call(client.get_job_status, job) == "WAITING"
        taken = await worker.take()
        assert await call(client.get_job_status, job) == "RUNNING"
        waiting = asyncio.create_task(call(client.wait_job, job))
        await worker.end(taken, b'{"y": 2}')
        assert await waiting == {"y": 2}
        assert await call(client.get_result, job) == {"y": 2}
        assert await call(client.get_job_status, job) == "COMPLETED"
        assert await call(client.get_root_job_id, job) == job


async def test_a_failed_script_raises_its_error(api: Api, client: wmill.Windmill, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await call(client.run_script_by_path_async, PATH)
    error = b'{"error": {"name": "ValueError", "message": "no"}}'
    await worker.end(await worker.take(), error, Status.FAILURE)
    with pytest.raises(Exception, match="no"):
        await call(client.wait_job, job)


async def test_jobs_are_cancelled(api: Api, client: wmill.Windmill):
    await deploy(api.alice, PATH)
    job = await call(client.run_script_by_path_async, PATH, scheduled_in_secs=3600, tag="later")
    await call(client.cancel_job, job, "enough")
    assert (await call(client.get_job, job))["canceled_reason"] == "enough"


async def test_the_client_learns_who_and_where_it_is(client: wmill.Windmill):
    assert (await call(client.whoami))["email"] == "alice@acme.test"
    assert (await call(lambda: client.version)).startswith("CE v1.")
    assert len(await call(client.create_token)) == 64


async def test_one_is_told_who_one_is_and_makes_tokens(api: Api, client: wmill.Windmill):
    assert (await call(client.whoami))["email"] == "alice@acme.test"
    assert await call(client.username_to_email, "bob") == "bob@acme.test"
    assert (await call(lambda: client.version)).startswith("CE v1.")
    assert (await call(client.get_id_token, "https://vault.acme.test", 60)).count(".") == 2
    async with api.client(await call(client.create_token)) as made:
        assert (await made.get("/users/email")).text == "alice@acme.test"
