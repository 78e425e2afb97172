"""Every public function of ``wmill``: it works against a real server, or there is a reason why not."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
import wmill

from tests.acceptance.commands import Up
from tests.acceptance.jobs import deploy

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    # The client leaves sockets open where it raises, which is told whenever they are collected.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

DOUBLE = "f/wmill/double"
SLEEPER = "f/wmill/sleeper"
CODE = "def main(x: int = 1):\n    return {'twice': 2 * x}\n"
DATA = bytes(range(256))
BUCKET = {
    "bucket": "b", "region": "r", "endPoint": "s3.test", "useSSL": True, "pathStyle": True,
    "accessKey": "key", "secretKey": "secret",
}  # fmt: skip
SLEEPS = "import time\n\ndef main():\n    time.sleep(600)\n"


@dataclass
class World:
    """A client, and what there is to call with it."""

    client: wmill.Windmill
    version: str
    email: str
    job: str

    def sleeping(self) -> str:
        """A job that goes on until it is cancelled."""
        return self.client.run_script_by_path_async(SLEEPER)

    def until_running(self, job: str) -> None:
        """Wait until a job runs."""
        while self.client.get_job_status(job) == "WAITING":
            pass


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(server: Up) -> AsyncIterator[World]:
    """The client as the installation's superadmin, with scripts, a job that has ended, and a resource."""
    workspace = "wmill-functions"
    async with server.client() as http:
        (await http.post("/workspaces/create", json={"id": workspace, "name": workspace})).raise_for_status()
        email = (await http.get("/users/email")).text
        http.base_url = f"{server.url}/api/w/{workspace}"
        (await http.post("/folders/create", json={"name": "wmill"})).raise_for_status()
        version = await deploy(http, DOUBLE, CODE)
        await deploy(http, SLEEPER, SLEEPS)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "BASE_INTERNAL_URL": server.url,
            "WM_WORKSPACE": workspace,
            "WM_TOKEN": server.token,
            "WM_STATE_PATH_NEW": "f/wmill/some_state",
            "WM_JOB_PATH": SLEEPER,
        }.items():
            patch.setenv(name, value)
        # The package keeps a client for its functions, made of the environment of the first call.
        patch.setattr(wmill.client, "_client", None)
        client = await asyncio.to_thread(wmill.Windmill)
        job = await asyncio.to_thread(client.run_script_by_path_async, DOUBLE, {"x": 4})
        await asyncio.to_thread(client.wait_job, job)
        await asyncio.to_thread(client.set_resource, {"port": 5}, "f/wmill/db", "db")
        yield World(client, version, email, job)
        client.client.close()


def cancel_running(world: World) -> None:
    job = world.sleeping()
    world.until_running(job)
    world.client.cancel_running()
    with pytest.raises(Exception, match="cancel"):
        world.client.wait_job(job)


def cancel_job(world: World) -> None:
    job = world.sleeping()
    world.client.cancel_job(job, "enough")
    with pytest.raises(Exception, match="enough"):
        world.client.wait_job(job)


def create_token(world: World) -> None:
    token = world.client.create_token(timedelta(minutes=5))
    assert wmill.Windmill(token=token).whoami()["email"] == world.email


def progress(world: World) -> None:
    job = world.sleeping()
    world.until_running(job)
    world.client.set_progress(40, job)
    assert world.client.get_progress(job) == 40
    world.client.cancel_job(job)


def resources(world: World) -> None:
    world.client.set_resource({"port": 6}, "f/wmill/other", "db")
    assert world.client.get_resource("f/wmill/other") == {"port": 6}
    assert world.client.get_resource("f/wmill/none", none_if_undefined=True) is None


def states(world: World) -> None:
    states: tuple[Any, ...] = ({"n": 1}, [None, 2.5], "text")
    for state in states:
        world.client.set_state(state)
        read: list[Any] = [world.client.get_state(), world.client.state]
        assert read == [state, state]


def variables(world: World) -> None:
    for value in ("one", "two"):
        world.client.set_variable("f/wmill/name", value, is_secret=True)
        assert world.client.get_variable("f/wmill/name") == value


def files(world: World) -> None:
    client, file = world.client, wmill.S3Object(s3="reports/may.bin")
    written = client.write_s3_file(file, DATA, None)
    assert client.load_s3_file(written, None) == DATA
    with client.load_s3_file_reader(written, None) as reader:
        assert reader.read() == DATA
    client.delete_s3_object(written)
    with pytest.raises(Exception, match="404"):
        client.load_s3_file(written, None)


def links(world: World) -> None:
    client, base_url = world.client, str(world.client.base_url).removesuffix("/api")
    written = client.write_s3_file(wmill.S3Object(s3="reports/linked.bin"), DATA, None)
    assert [client.sign_s3_object(written)["s3"]] == [
        each["s3"] for each in client.sign_s3_objects([written])
    ]
    url = client.get_presigned_s3_public_url(written, base_url=base_url)
    urls = [url, *client.get_presigned_s3_public_urls([written], base_url=base_url)]
    assert [httpx.get(each).content for each in urls] == [DATA, DATA]


def buckets(world: World) -> None:
    client, path = world.client, "f/wmill/bucket"
    client.set_resource(BUCKET, path, "s3")
    assert client.get_boto3_connection_settings(path)["aws_secret_access_key"] == "secret"
    polars = client.get_polars_connection_settings(path)
    assert polars["storage_options"]["aws_access_key_id"] == "key"
    duckdb = client.get_duckdb_connection_settings(path)
    assert duckdb is not None
    assert "s3_access_key_id='key'" in duckdb["connection_settings_str"]


def equals(expected: Any, call: Callable[[World], Any]) -> Callable[[World], None]:
    """Call, and compare what comes of it."""

    def check(world: World) -> None:
        assert call(world) == expected

    return check


TWICE = {"twice": 8}
ARGS = {"x": 4}
CALLS: dict[str, Callable[[World], None]] = {
    "cancel_job": cancel_job,
    "cancel_running": cancel_running,
    "create_token": create_token,
    "delete_s3_object": files,
    "get": equals(200, lambda world: world.client.get("/version").status_code),
    "get_boto3_connection_settings": buckets,
    "get_client": equals(200, lambda world: world.client.get_client().get("/version").status_code),
    "get_duckdb_connection_settings": buckets,
    "get_id_token": equals(2, lambda world: world.client.get_id_token("vault").count(".")),
    "get_job": equals("CompletedJob", lambda world: world.client.get_job(world.job)["type"]),
    "get_job_status": equals("COMPLETED", lambda world: world.client.get_job_status(world.job)),
    "get_polars_connection_settings": buckets,
    "get_presigned_s3_public_url": links,
    "get_presigned_s3_public_urls": links,
    "get_progress": progress,
    "get_resource": resources,
    "get_result": equals(TWICE, lambda world: world.client.get_result(world.job)),
    "get_root_job_id": equals(True, lambda world: str(world.client.get_root_job_id(world.job)) == world.job),
    "get_state": states,
    "get_variable": variables,
    "list_resources": equals(
        ["f/wmill/db"],
        lambda world: [item["path"] for item in world.client.list_resources("db") if "db" in item["path"]],
    ),
    "load_s3_file": files,
    "load_s3_file_reader": files,
    "post": equals(True, lambda world: world.client.post("/workspaces/exists", json={"id": "admins"}).json()),
    "run_inline_script_preview": equals(
        TWICE, lambda world: world.client.run_inline_script_preview(CODE, "python3", ARGS)
    ),
    "run_script": equals(TWICE, lambda world: world.client.run_script(DOUBLE, args=ARGS)),
    "run_script_async": equals(
        TWICE, lambda world: world.client.wait_job(world.client.run_script_async(DOUBLE, args=ARGS))
    ),
    "run_script_by_hash": equals(
        TWICE, lambda world: world.client.run_script_by_hash(world.version, args=ARGS)
    ),
    "run_script_by_hash_async": equals(
        TWICE,
        lambda world: world.client.wait_job(world.client.run_script_by_hash_async(world.version, ARGS)),
    ),
    "run_script_by_path": equals(TWICE, lambda world: world.client.run_script_by_path(DOUBLE, args=ARGS)),
    "run_script_by_path_async": equals(
        TWICE, lambda world: world.client.wait_job(world.client.run_script_by_path_async(DOUBLE, ARGS))
    ),
    "set_progress": progress,
    "set_resource": resources,
    "set_state": states,
    "set_variable": variables,
    "sign_s3_object": links,
    "sign_s3_objects": links,
    "state": states,
    "state_path": equals("f/wmill/some_state", lambda world: world.client.state_path),
    "user": equals(True, lambda world: world.email in str(world.client.user)),
    "username_to_email": equals(True, lambda world: world.client.username_to_email("admin") == world.email),
    "version": equals(True, lambda world: world.client.version.startswith("CE v")),
    "wait_job": equals(TWICE, lambda world: world.client.wait_job(world.job)),
    "whoami": equals(True, lambda world: world.client.whoami()["email"] == world.email),
    "worker_is_draining": equals(False, lambda world: world.client.worker_is_draining(world.job)),
    "write_s3_file": files,
}
FLOWS = "needs a flow"
ELSEWHERE = "asks a service that is none of ours"
LOCAL = "calls no server"
LEFT_OUT = {
    "datatable": "SQL is not run here",
    "ducklake": "SQL is not run here",
    "get_approval_urls": FLOWS,
    "get_flow_user_state": FLOWS,
    "get_mocked_api": LOCAL,
    "get_resume_urls": FLOWS,
    "get_shared_state": LOCAL,
    "get_shared_state_pickle": LOCAL,
    "request_interactive_slack_approval": ELSEWHERE,
    "run_flow_async": FLOWS,
    "send_teams_message": ELSEWHERE,
    "set_flow_user_state": FLOWS,
    "set_shared_state": LOCAL,
    "set_shared_state_pickle": LOCAL,
    "worker_has_internal_server": LOCAL,
}


async def test_every_function_of_the_client_is_called_or_left_out_for_a_reason():
    members = inspect.getmembers(wmill.Windmill, lambda item: callable(item) or isinstance(item, property))
    assert {name for name, _ in members if not name.startswith("_")} == CALLS.keys() | LEFT_OUT.keys()
    assert not CALLS.keys() & LEFT_OUT.keys()


@pytest.mark.parametrize("name", sorted(CALLS))
async def test_the_function_works(world: World, name: str):
    await asyncio.to_thread(CALLS[name], world)
