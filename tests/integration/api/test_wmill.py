"""The public Python client, as jobs use it, over real HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
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
    # The package keeps a client for its functions, made of the environment of the first call.
    monkeypatch.setattr(wmill.client, "_client", None)
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


async def test_a_failed_script_is_run_again_by_a_child_of_the_first(
    api: Api, client: wmill.Windmill, worker: PlayedWorker
):
    await deploy(api.alice, PATH)
    policy = {"constant": {"attempts": 1, "seconds": 0}}
    job = await call(client.run_script_by_path_async, PATH, retry=policy)
    error = b'{"error": {"name": "ValueError", "message": "no"}}'
    await worker.end(await worker.take(), error, Status.FAILURE)
    with pytest.raises(Exception, match="no"):
        await call(client.wait_job, job)
    again = await worker.take()
    await worker.end(again, b'"fine"')
    assert await call(client.wait_job, str(again.lease.job)) == "fine"
    assert (await call(client.get_job, str(again.lease.job)))["parent_job"] == job


async def test_jobs_are_cancelled(api: Api, client: wmill.Windmill, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    job = await call(client.run_script_by_path_async, PATH, scheduled_in_secs=3600, tag="later")
    await call(client.cancel_job, job, "enough")
    assert (await call(client.get_job, job))["canceled_reason"] == "enough"
    running = await call(client.run_script_by_path_async, PATH)
    await worker.take()
    client.path = PATH
    assert set(await call(client.cancel_running)) == {running}
    assert (await call(client.get_job, running))["canceled_by"] == "alice"


async def test_a_job_tells_how_far_it_is_and_stops_those_before_it(
    api: Api, client: wmill.Windmill, worker: PlayedWorker, monkeypatch: pytest.MonkeyPatch
):
    await deploy(api.alice, PATH)
    before, now = [await call(client.run_script_by_path_async, PATH) for _ in range(2)]
    for _ in range(2):
        await worker.take()
    await call(client.set_progress, 40, now)
    assert await call(client.get_progress, now) == 40
    assert await call(client.worker_is_draining, now) is False
    monkeypatch.setenv("WM_JOB_ID", now)
    client.path = PATH
    await call(client.cancel_running)
    assert (await call(client.get_job, before))["canceled"] is True
    assert (await call(client.get_job, now))["canceled"] is False


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


async def test_files_are_written_read_signed_and_deleted(client: wmill.Windmill, tmp_path: Path):
    data = bytes(range(256)) * 5000
    written = await call(client.write_s3_file, wmill.S3Object(s3="reports/a b.bin"), data, None)
    assert written == {"s3": "reports/a b.bin", "storage": None}
    assert await call(client.load_s3_file, written, None) == data

    source = tmp_path / "source"
    await asyncio.to_thread(source.write_bytes, data)
    with source.open("rb") as file:
        streamed = await call(client.write_s3_file, "s3:///reports/streamed", file, "", content_type="text/x")

    def read_some() -> bytes:
        with client.load_s3_file_reader(streamed, None) as reader:
            return reader.read(10) + reader.read()

    assert await asyncio.to_thread(read_some) == data
    made_up = await call(client.write_s3_file, wmill.S3Object(s3=""), b"1", None)
    assert made_up["s3"].startswith("uploads/")

    base = str(client.base_url).removesuffix("/api")
    [url] = await call(client.get_presigned_s3_public_urls, [written], base_url=base)
    async with httpx.AsyncClient() as anybody:
        answer = await anybody.get(url)
    assert (answer.status_code, answer.content) == (200, data)

    await call(client.delete_s3_object, written)
    with pytest.raises(Exception, match="404"):
        await call(client.load_s3_file, written, None)
    with pytest.raises(Exception, match="must not begin with a slash"):
        await call(client.delete_s3_object, "s3:////etc/passwd")
