"""The generated client of the public contract reads every answer of ours."""

from __future__ import annotations

import json
from datetime import datetime
from types import ModuleType
from typing import Any

import httpx
import pytest
from windmill_api import AuthenticatedClient
from windmill_api.api.folder import create_folder
from windmill_api.api.health import get_health_status
from windmill_api.api.job import (
    batch_re_run_jobs,
    cancel_persistent_queued_jobs,
    cancel_queued_job,
    cancel_selection,
    delete_completed_job,
    force_cancel_queued_job,
    get_completed_job,
    get_completed_job_result,
    get_completed_job_result_maybe,
    get_job,
    get_job_logs,
    get_job_updates,
    get_queue_count,
    get_root_job_id,
    list_jobs,
    list_selected_job_groups,
    run_code_workflow_task,
    run_dynamic_select,
    run_queued_job_now,
    run_raw_script_dependencies_async,
    run_script_by_hash,
    run_script_by_path,
    run_script_preview,
)
from windmill_api.api.metrics import get_job_progress, set_job_progress
from windmill_api.api.resource import (
    create_resource,
    create_resource_type,
    exists_resource,
    exists_resource_type,
    file_resource_type_to_file_ext_map,
    get_resource,
    get_resource_type,
    get_resource_value,
    get_resource_value_interpolated,
    list_resource,
    list_resource_counts_by_type,
    list_resource_names,
    list_resource_type,
    list_resource_type_names,
    list_search_resource,
    update_resource,
    update_resource_value,
)
from windmill_api.api.script import (
    create_script,
    get_script_by_hash,
    get_script_by_path,
    get_script_deployment_status,
    list_scripts,
)
from windmill_api.api.settings import backend_version
from windmill_api.api.user import create_token, global_whoami, login, whoami
from windmill_api.api.variable import (
    create_variable,
    delete_variables_bulk,
    encrypt_value,
    exists_variable,
    get_variable,
    get_variable_value,
    list_contextual_variables,
    list_variable,
    update_variable,
)
from windmill_api.api.workspace import create_workspace, exists_workspace, list_workspaces

from headrace.model.outcome import Status
from tests.ground.people import WORKSPACE
from tests.integration.api.callers import MAIN, Api, PlayedWorker

PATH = "u/alice/script"


class Body:
    """A body as the client's own classes give it."""

    def __init__(self, **fields: Any) -> None:
        self._fields = fields

    def to_dict(self) -> dict[str, Any]:
        return self._fields


class Client:
    """Calls operations of the generated client through somebody's connection."""

    def __init__(self, connection: httpx.AsyncClient) -> None:
        self._client = AuthenticatedClient("", token="")  # only its connection counts
        self._client.set_async_httpx_client(connection)

    async def parsed(self, operation: ModuleType, **values: Any) -> Any:
        """What the client makes of a 200."""
        response = await operation.asyncio_detailed(client=self._client, **values)
        assert response.status_code == 200, response.content
        assert response.parsed is not None
        return response.parsed

    async def created(self, operation: ModuleType, **values: Any) -> Any:
        """What the client makes of a 201."""
        response = await operation.asyncio_detailed(client=self._client, **values)
        assert response.status_code == 201, response.content
        return response.parsed

    async def text(self, operation: ModuleType, status: int, **values: Any) -> str:
        """An answer that the client leaves alone: plain text, or any JSON."""
        response = await operation.asyncio_detailed(client=self._client, **values)
        assert response.status_code == status, response.content
        return response.content.decode()


@pytest.fixture
def alice(api: Api) -> Client:
    return Client(api.alice)


async def test_scripts(alice: Client):
    body = Body(
        path=PATH, content=MAIN, language="python3", summary="", description="", lock="# none", tag="x"
    )
    hash = await alice.text(create_script, 201, workspace=WORKSPACE, json_body=body)  # noqa: A001 - its name there
    for script in (
        await alice.parsed(get_script_by_path, workspace=WORKSPACE, path=PATH),
        await alice.parsed(get_script_by_hash, workspace=WORKSPACE, hash_=hash),
        *await alice.parsed(list_scripts, workspace=WORKSPACE),
    ):
        assert (script.hash_, script.path, script.language.value, script.tag) == (hash, PATH, "python3", "x")
        assert isinstance(script.created_at, datetime)
    status = await alice.parsed(get_script_deployment_status, workspace=WORKSPACE, hash_=hash)
    assert status.lock == "# none"


async def test_jobs_from_the_queue_to_their_end(alice: Client, worker: PlayedWorker):
    body = Body(path=PATH, content=MAIN, language="python3", summary="", description="", lock="")
    hash = await alice.text(create_script, 201, workspace=WORKSPACE, json_body=body)  # noqa: A001 - its name there
    here = {"workspace": WORKSPACE}
    job = await alice.text(
        run_script_by_path, 201, **here, path=PATH, json_body=Body(x=1), scheduled_in_secs=0
    )
    queued = await alice.parsed(get_job, **here, id=job)
    assert (queued.id, queued.type.value, queued.args.additional_properties) == (job, "QueuedJob", {"x": 1})
    taken = await worker.take()
    await worker.write(taken, 0, "hello\n")
    running = await alice.parsed(get_job, **here, id=job)
    assert (running.running, running.logs, running.language.value) == (True, "hello\n", "python3")
    assert isinstance(running.started_at, datetime)
    updates = await alice.parsed(get_job_updates, **here, id=job, running=False, log_offset=0)
    assert (updates.new_logs, updates.log_offset) == ("hello\n", 6)
    maybe = await alice.parsed(get_completed_job_result_maybe, **here, id=job, get_started=True)
    assert (maybe.completed, maybe.started) == (False, True)
    await worker.end(taken, b'{"error": {"name": "E", "message": "m"}}', Status.FAILURE)
    for ended in (
        await alice.parsed(get_job, **here, id=job),
        await alice.parsed(get_completed_job, **here, id=job),
        *await alice.parsed(list_jobs, **here),
    ):
        assert (ended.id, ended.success, ended.canceled) == (job, False, False)
        assert isinstance(ended.completed_at, datetime)
    result = await alice.text(get_completed_job_result, 200, **here, id=job)
    assert json.loads(result)["error"]["name"] == "E"
    maybe = await alice.parsed(get_completed_job_result_maybe, **here, id=job)
    assert (maybe.completed, maybe.success, maybe.result["error"]["message"]) == (True, False, "m")
    assert await alice.text(get_job_logs, 200, **here, id=job) == "hello\n"
    assert await alice.parsed(get_root_job_id, **here, id=job) == job
    by_hash = await alice.text(run_script_by_hash, 201, **here, hash_=hash, json_body=Body())
    assert await alice.text(cancel_queued_job, 200, **here, id=by_hash, json_body=Body(reason="r")) == by_hash
    canceled = await alice.parsed(get_completed_job, **here, id=by_hash)
    assert (canceled.canceled, canceled.canceled_by, canceled.canceled_reason) == (True, "alice", "r")


async def test_previews_and_dependencies(alice: Client):
    here = {"workspace": WORKSPACE}
    preview = Body(content=MAIN, language="python3", args={})
    job = await alice.text(run_script_preview, 201, **here, json_body=preview, timeout=5)
    assert (await alice.parsed(get_job, **here, id=job)).raw_code == MAIN
    assert (await alice.parsed(get_queue_count, **here)).database_length == 1
    await alice.text(force_cancel_queued_job, 200, **here, id=job, json_body=Body())
    scripts = Body(
        raw_scripts=[{"raw_code": MAIN, "language": "python3", "script_path": PATH}], entrypoint=PATH
    )
    job = await alice.text(run_raw_script_dependencies_async, 201, **here, json_body=scripts)
    assert (await alice.parsed(get_job, **here, id=job)).job_kind.value == "dependencies"


async def test_jobs_that_are_stopped_hastened_and_erased(alice: Client):
    here = {"workspace": WORKSPACE}
    preview = Body(content=MAIN, language="python3")
    first = await alice.text(run_script_preview, 201, **here, json_body=preview)
    second = await alice.text(run_script_preview, 201, **here, json_body=preview)
    assert await alice.text(run_queued_job_now, 200, **here, id=first) == first
    assert await alice.parsed(cancel_selection, **here, json_body=[first, second]) == [first, second]
    assert await alice.text(cancel_persistent_queued_jobs, 200, **here, path=PATH, json_body=Body(reason="r"))
    batch = Body(job_ids=[second], script_options_by_path={}, flow_options_by_path={})
    again = await alice.text(batch_re_run_jobs, 201, **here, json_body=batch)
    assert (await alice.parsed(get_job, **here, id=again.strip())).raw_code == MAIN
    assert await alice.text(list_selected_job_groups, 200, **here, json_body=[second]) == "[]"
    erased = await alice.parsed(delete_completed_job, **here, id=first)
    assert (erased.deleted, erased.result, erased.args.to_dict()) == (True, None, {})


async def test_a_retry_is_shown_as_one(alice: Client, worker: PlayedWorker):
    here = {"workspace": WORKSPACE}
    script = Body(path=PATH, content=MAIN, language="python3", lock="", cache_ttl=60)
    await alice.text(create_script, 201, **here, json_body=script)
    retry = json.dumps({"constant": {"attempts": 1, "seconds": 0}})
    job = await alice.text(
        run_script_by_path, 201, **here, path=PATH, json_body=Body(), retry=retry, cache_ttl="60"
    )
    error = b'{"error": {"name": "E", "message": "m"}}'
    await worker.end(await worker.take(), error, Status.FAILURE)
    again = await worker.take()
    assert (await alice.parsed(get_job, **here, id=str(again.lease.job))).is_retry is True
    await worker.end(again, b"1")
    [listed] = await alice.parsed(list_jobs, **here, parent_job=job)
    assert (listed.id, listed.is_retry) == (str(again.lease.job), True)
    kept = await alice.text(run_script_by_path, 201, **here, path=PATH, json_body=Body())
    assert (await alice.parsed(get_completed_job, **here, id=kept)).result == 1


async def test_functions_streams_progress_and_labels(alice: Client, worker: PlayedWorker):
    here = {"workspace": WORKSPACE}
    content = "def main(x): ...\ndef preprocessor(event): ...\ndef choices(): ...\n"
    body = Body(
        path=PATH, content=content, language="python3", summary="", description="", lock="", labels=["daily"]
    )
    await alice.text(create_script, 201, **here, json_body=body)
    assert (await alice.parsed(get_script_by_path, **here, path=PATH)).has_preprocessor is True
    job = await alice.text(run_script_by_path, 201, **here, path=PATH, json_body=Body(x=1))
    assert (await alice.parsed(get_job, **here, id=job)).preprocessed is False
    taken = await worker.take()
    assert await alice.text(get_job_progress, 200, **here, id=job) == "null"
    await alice.text(set_job_progress, 200, **here, id=job, json_body=Body(percent=40))
    assert await alice.parsed(get_job_progress, **here, id=job) == 40
    await worker.stream(taken, 0, "a word")
    updates = await alice.parsed(get_job_updates, **here, id=job, stream_offset=2, get_progress=True)
    assert (updates.new_result_stream, updates.stream_offset, updates.progress) == ("word", 6, 40)
    select = Body(
        entrypoint_function="choices",
        runnable_ref={"source": "deployed", "path": PATH, "runnable_kind": "script"},
        args={},
    )
    assert await alice.text(run_dynamic_select, 201, **here, json_body=select)
    task = {"job_id": job, "entrypoint": "choices", "json_body": Body(args={})}
    child = await alice.text(run_code_workflow_task, 201, **here, **task)
    assert (await alice.parsed(get_job, **here, id=child)).parent_job == job
    await worker.end(taken)
    (found,) = await alice.parsed(list_jobs, **here, label="daily", success=True)
    assert (found.id, found.labels) == (job, ["daily"])


async def test_resources(alice: Client):
    here = {"workspace": WORKSPACE}
    body = Body(path="u/alice/r", value={"a": 1}, resource_type="state", description="d")
    await alice.text(create_resource, 201, **here, json_body=body)
    resource = await alice.parsed(get_resource, **here, path="u/alice/r")
    assert (resource.value, resource.resource_type, resource.is_draft) == ({"a": 1}, "state", False)
    assert isinstance(resource.edited_at, datetime)
    await alice.text(update_resource_value, 200, **here, path="u/alice/r", json_body=Body(value=[2]))
    assert await alice.text(get_resource_value, 200, **here, path="u/alice/r") == "[2]"
    assert await alice.text(get_resource_value_interpolated, 200, **here, path="u/alice/r") == "[2]"
    assert await alice.parsed(exists_resource, **here, path="u/alice/r") is True


async def test_types_and_lists_of_resources(alice: Client):
    here = {"workspace": WORKSPACE}
    new = Body(name="c_table", schema={"type": "object"}, description="d", format_extension="csv")
    await alice.text(create_resource_type, 201, **here, json_body=new)
    for found in (
        await alice.parsed(get_resource_type, **here, path="c_table"),
        *await alice.parsed(list_resource_type, **here),
    ):
        assert (found.name, found.schema, found.format_extension) == ("c_table", {"type": "object"}, "csv")
        assert isinstance(found.edited_at, datetime)
    assert await alice.parsed(list_resource_type_names, **here) == ["c_table"]
    assert await alice.parsed(exists_resource_type, **here, path="c_table") is True
    extensions = await alice.parsed(file_resource_type_to_file_ext_map, **here)
    assert extensions["c_table"].format_extension == "csv"
    body = Body(path="u/alice/r", value={"a": 1}, resource_type="c_table", description="d")
    await alice.text(create_resource, 201, **here, json_body=body)
    await alice.text(update_resource, 200, **here, path="u/alice/r", json_body=Body(description="e"))
    (listed,) = await alice.parsed(list_resource, **here)
    assert (listed.path, listed.description, listed.is_linked) == ("u/alice/r", "e", False)
    (named,) = await alice.parsed(list_resource_names, **here, name="c_table")
    assert (named.name, named.path) == ("r", "u/alice/r")
    (searched,) = await alice.parsed(list_search_resource, **here)
    assert (searched.value, searched.truncated) == ('{"a":1}', False)
    (counted,) = await alice.parsed(list_resource_counts_by_type, **here)
    assert (counted.resource_type, counted.count) == ("c_table", 1)


async def test_variables(alice: Client):
    here = {"workspace": WORKSPACE}
    new = Body(path="u/alice/v", value="hunter2", is_secret=True, description="d")
    await alice.text(create_variable, 201, **here, json_body=new)
    found = await alice.parsed(get_variable, **here, path="u/alice/v")
    assert (found.value, found.is_secret, found.is_draft) == ("hunter2", True, False)
    assert isinstance(found.edited_at, datetime)
    encrypted = await alice.parsed(
        get_variable, **here, path="u/alice/v", decrypt_secret=False, include_encrypted=True
    )
    change = Body(value=encrypted.value, is_secret=True, description="e")
    await alice.text(update_variable, 200, **here, path="u/alice/v", json_body=change, already_encrypted=True)
    assert await alice.parsed(get_variable_value, **here, path="u/alice/v") == "hunter2"
    assert await alice.parsed(exists_variable, **here, path="u/alice/v") is True
    (listed,) = await alice.parsed(list_variable, **here)
    assert (listed.path, listed.description, bool(listed.value)) == ("u/alice/v", "e", False)
    contextual = await alice.parsed(list_contextual_variables, **here)
    assert "WM_TOKEN" in {variable.name for variable in contextual}
    assert (await alice.text(encrypt_value, 200, **here, json_body="x")).startswith("encrypted:")
    assert await alice.parsed(delete_variables_bulk, **here, json_body=Body(paths=["u/alice/v"])) == [
        "u/alice/v"
    ]


async def test_people_workspaces_and_the_installation(api: Api, alice: Client):
    root = Client(api.superadmin)
    me = await alice.parsed(whoami, workspace=WORKSPACE)
    assert (me.username, me.is_admin, me.groups) == ("alice", False, ["all"])
    assert isinstance(me.created_at, datetime)
    assert (await root.parsed(whoami, workspace=WORKSPACE)).is_super_admin is True
    assert (await alice.parsed(global_whoami)).email == "alice@acme.test"
    assert len(await alice.text(create_token, 201, json_body=Body(label="x"))) == 64
    assert await root.text(create_workspace, 201, json_body=Body(id="new", name="New")) == "new"
    assert [workspace.id for workspace in await root.parsed(list_workspaces)] == ["acme", "new"]
    assert await root.text(exists_workspace, 200, json_body=Body(id="new")) == "true"
    assert await alice.text(create_folder, 200, workspace=WORKSPACE, json_body=Body(name="team")) == "team"
    credentials = Body(email="root@instance.test", password="correct horse")
    assert len(await alice.text(login, 200, json_body=credentials)) == 64
    assert (await alice.text(backend_version, 200)).startswith("CE v1.")
    health = await alice.parsed(get_health_status)
    assert (health.status.value, health.database_healthy) == ("degraded", True)
