"""What arguments refer to is read when a job starts, through the API, as the job itself would read it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import httpx

from headrace.model.job import ClaimedJob
from headrace.model.outcome import Outcome, Status
from headrace.sandbox.cage import Stop
from headrace.worker.argument_references import resolve_arguments
from tests.ground.people import make_folder, make_member
from tests.integration.api.callers import Api, PlayedWorker, deploy, in_workspace, run

PATH = "u/alice/script"
SENTENCE = "does not exist, or you may not see it"


class Cut(httpx.AsyncBaseTransport):
    """The way to the server, down for the first few requests."""

    def __init__(self, api: Api, times: int = 0) -> None:
        self._way = httpx.ASGITransport(api.app)
        self._times = times

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._times -= 1
        if self._times >= 0:
            raise httpx.ConnectError("down")
        return await self._way.handle_async_request(request)


async def resolved(api: Api, job: ClaimedJob, *, cuts: int = 0, **options: Any) -> Any:
    async with httpx.AsyncClient(transport=Cut(api, cuts), base_url="http://test") as client:
        found = await resolve_arguments(client, job, options.pop("stop", Stop()), **options)
    return found if isinstance(found, Outcome) else json.loads(found)


async def refused(api: Api, job: ClaimedJob, **options: Any) -> str:
    found = await resolved(api, job, **options)
    assert (found.status, json.loads(found.result)["error"]["name"]) == (Status.FAILURE, "ReferenceErr")
    return json.loads(found.result)["error"]["message"]


async def furnish(api: Api) -> None:
    secret = {"path": "u/alice/password", "value": "hunter2", "is_secret": True, "description": ""}
    assert (await api.alice.post(in_workspace("variables/create"), json=secret)).status_code == 201
    login = {"path": "u/alice/login", "resource_type": "x", "value": {"p": "$var:u/alice/password"}}
    assert (await api.alice.post(in_workspace("resources/create"), json=login)).status_code == 201
    await deploy(api.alice, PATH)


async def test_values_take_the_places_of_references_and_what_is_stored_keeps_them(
    api: Api, worker: PlayedWorker, owner: asyncpg.Connection
):
    await furnish(api)
    args = {"a": "$var:u/alice/password", "b": [["$res:u/alice/login"]], "c": [[["$var:u/alice/password"]]]}
    job = await run(api.alice, PATH, args)
    found = await resolved(api, await worker.take(), cuts=2)
    assert found == {"a": "hunter2", "b": [[{"p": "hunter2"}]], "c": [[["$var:u/alice/password"]]]}
    assert (await api.alice.get(in_workspace(f"jobs_u/get/{job}"))).json()["args"] == args
    audited = "select distinct username, resource from audit where operation = 'variables.decrypt_secret'"
    assert [tuple(row) for row in await owner.fetch(audited)] == [("alice", "u/alice/password")]


async def test_a_reference_that_the_job_may_not_follow_fails_it_and_is_named(api: Api, worker: PlayedWorker):
    await furnish(api)
    await deploy(api.bob, "u/bob/script")
    for reference in (
        "$var:u/alice/password",
        "$res:u/alice/login",
        "$var:u/bob/none",
        "$res:../../users/whoami",
        "$var:",
    ):
        await run(api.bob, "u/bob/script", {"x": {"y": reference}})
        message = await refused(api, await worker.take())
        assert message.startswith(reference), message
        assert SENTENCE in message or "must look like" in message
    await run(api.bob, "u/bob/script", {"x": ["$var:u/bob/v"] * 1001, "y": "$var:u/bob/v"})
    assert "the most is 1000" in await refused(api, await worker.take())


async def test_a_script_that_an_operator_runs_has_its_variables(
    api: Api, worker: PlayedWorker, owner: asyncpg.Connection
):
    await furnish(api)
    await make_member(owner, "dora", operator=True)
    await api.sign_in("dora", "dora@acme.test")
    await make_folder(owner, "team", owners=("u/alice",), extra_perms={"u/dora": False})
    await deploy(api.alice, "f/team/script")
    variable = {"path": "f/team/v", "value": "x", "is_secret": True, "description": ""}
    await api.alice.post(in_workspace("variables/create"), json=variable)
    await run(api.dora, "f/team/script", {"x": "$var:f/team/v"})
    assert await resolved(api, await worker.take()) == {"x": "x"}


async def test_while_the_server_is_away_the_job_waits_as_long_as_it_may(api: Api, worker: PlayedWorker):
    await furnish(api)
    await run(api.alice, PATH, {"x": "$var:u/alice/password"})
    job = await worker.take()
    assert "did not tell" in await refused(api, job, cuts=10**6, most_seconds=0.2)
    stop = Stop()
    waiting = asyncio.create_task(resolved(api, job, cuts=10**6, stop=stop))
    stop.set()
    assert (await waiting).status is Status.CANCELED
