"""What every request meets: ids, safe headers, the log of refusals, limits, and pages of other sites."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import re
from typing import TYPE_CHECKING

import httpx
import pytest
from windmill_api.models.get_health_detailed_response_200 import GetHealthDetailedResponse200

from headrace.db.connection import open_pool
from headrace.db.roles import RoleLogins
from headrace.store import instance
from tests.integration.api.callers import MAIN, NOBODYS_JOB, Api, PlayedWorker, deploy, in_workspace, run

if TYPE_CHECKING:
    from starlette.types import Message

    from headrace.api.context import Context

LOGIN = {"email": "root@instance.test", "password": "correct horse"}


def context_of(api: Api) -> Context:
    return api.app.state.context


async def test_every_answer_has_an_id_and_says_how_it_may_be_used(api: Api):
    for path, status in (("/version", 200), ("/nothing", 404), ("/users/whoami", 401), ("/x?a=%00", 400)):
        answer = await api.anonymous.get(path)
        assert answer.status_code == status
        assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert not [name for name in answer.headers if name.startswith("access-control")]
    given = await api.anonymous.get(
        "/version", headers={"X-Request-Id": "mine-1", "Origin": "https://evil.test"}
    )
    assert given.headers["x-request-id"] == "mine-1"


async def test_a_refusal_is_one_line_of_the_log(api: Api, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    token = api.tokens["alice"]
    answer = await api.alice.get(
        in_workspace(f"jobs_u/get/x%0A/{token}?token={token}"), headers={"X-Request-Id": "mine-2"}
    )
    assert answer.status_code == 404
    [line] = [item.getMessage() for item in caplog.records if "mine-2" in item.getMessage()]
    assert "GET /api/w/acme/jobs_u/get/x%0A/***: 404" in line
    assert token not in line
    assert "\n" not in line
    caplog.clear()
    await api.alice.get(in_workspace(f"jobs_u/get/{NOBODYS_JOB}"))
    [line] = [item.getMessage() for item in caplog.records if item.name.endswith("trail")]
    assert " by alice@acme.test, GET " in line
    assert f"404 job {NOBODYS_JOB} does not exist" in line
    caplog.clear()
    await api.alice.get("/version")
    assert not [item for item in caplog.records if item.name.endswith("trail")]


async def test_a_fault_of_ours_is_told_to_the_log_alone(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def broken(_connection: object) -> int:
        raise RuntimeError("select secret from somewhere")

    monkeypatch.setattr(instance, "read_clock", broken)
    answer = await api.alice.get("/jobs/db_clock", headers={"X-Request-Id": "mine-3"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "mine-3")
    assert "(request mine-3)" in answer.text
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    traces = [item for item in caplog.records if item.exc_info]
    assert [item.getMessage() for item in traces] == ["request mine-3 failed"]


async def test_where_all_connections_are_busy_a_request_waits_and_then_is_told_so(
    api: Api, roles: RoleLogins, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("headrace.db.transaction._PATIENCE_SECONDS", 0.1)
    pool = await open_pool(roles.server, "tests", 2)
    api.app.state.context = dataclasses.replace(context_of(api), pool=pool)
    async with pool.acquire(), pool.acquire():
        busy = await api.alice.get("/jobs/db_clock")
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
        assert "database_connections" in busy.text
    monkeypatch.undo()
    answers = await asyncio.gather(*(api.alice.get("/jobs/db_clock") for _ in range(200)))
    assert {answer.status_code for answer in answers} == {200}
    await pool.close()


async def test_no_connection_is_held_while_a_client_reads(api: Api, worker: PlayedWorker):
    await deploy(api.alice, "u/alice/script")
    job = await run(api.alice, "u/alice/script")
    await worker.write(await worker.take(), 0, "a line\n")
    is_sending, forever = asyncio.Event(), asyncio.Event()

    async def send(message: Message) -> None:
        if message.get("body"):
            is_sending.set()
            await forever.wait()

    path = f"/api{in_workspace(f'jobs_u/get_logs/{job}')}"
    headers = [(b"host", b"test"), (b"authorization", f"Bearer {api.tokens['alice']}".encode())]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
    reading = asyncio.create_task(api.app(scope, forever.wait, send))  # pyright: ignore[reportArgumentType] - nothing comes
    await is_sending.wait()
    pool = context_of(api).pool
    assert pool.get_idle_size() == pool.get_size()
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading


async def test_a_body_that_is_compressed_or_too_long_is_not_read(api: Api):
    for encoding in ("gzip", "deflate", "br", "gzip, identity"):
        headers = {"Content-Encoding": encoding}
        refused = await api.alice.post("/workspaces/exists", content=b"\x1f\x8b", headers=headers)
        assert (refused.status_code, "Content-Encoding" in refused.text) == (415, True)

    async def endless():
        while True:
            yield b" " * 65536

    told = await api.alice.post("/workspaces/exists", content=b"{}", headers={"Content-Length": "2000000"})
    untold = await api.alice.post("/workspaces/exists", content=endless())
    assert [answer.status_code for answer in (told, untold)] == [413, 413]


async def test_who_waits_too_often_is_refused_before_a_job_is_started(api: Api, worker: PlayedWorker):
    await deploy(api.alice, "u/alice/script")
    waiters = context_of(api).waiters
    waiters.turns.most_of_one = 1
    path = in_workspace("jobs/run_wait_result/p/u/alice/script")
    with waiters.turns.take("alice@acme.test"):
        refused = await api.alice.post(path, json={})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert (await api.alice.get(in_workspace("jobs/list"))).json() == []
    waiting = asyncio.create_task(api.alice.post(path, json={}))
    await worker.end(await take_when_there(worker), b"1")
    assert (await waiting).json() == 1
    assert waiters.turns.count == 0


async def take_when_there(worker: PlayedWorker):
    while True:
        try:
            return await worker.take()
        except ValueError:
            await asyncio.sleep(0)


async def cookie(api: Api, **headers: str) -> httpx.Response:
    given = {"Cookie": f"token={api.tokens['alice']}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    body = {"path": "u/alice/script", "content": MAIN, "language": "python3", "lock": ""}
    return await api.anonymous.post(in_workspace("scripts/create"), json=body, headers=given)


async def test_a_page_of_another_site_may_not_use_the_cookie(api: Api):
    for headers in ({"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = await cookie(api, **headers)
        assert (refused.status_code, "another site" in refused.text) == (403, True)
        login = await api.anonymous.post("/auth/login", json=LOGIN, headers=headers)
        assert login.status_code == 403
    assert (await cookie(api, Origin="http://test", Sec_Fetch_Site="same-origin")).status_code == 201
    seen = await api.anonymous.get("/users/whoami", headers={"Cookie": f"token={api.tokens['alice']}"})
    assert seen.status_code == 200
    bearer = await api.alice.get("/users/whoami", headers={"Origin": "https://evil.test"})
    assert bearer.status_code == 200


async def test_the_server_answers_under_its_own_names_alone(api: Api):
    foreign = await api.alice.get("/version", headers={"Host": "evil.test"})
    assert (foreign.status_code, foreign.text[:5]) == (400, "Host:")


async def test_the_page_of_the_description_needs_nobody_else(api: Api):
    page = await api.anonymous.get("/docs")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(assets) == 4
    for asset in assets:
        if asset != "data:,":
            assert "//" not in asset
            file = await api.anonymous.get(f"/{asset}")
            assert (file.status_code, "immutable" in file.headers["cache-control"]) == (200, True)
            assert file.headers["content-type"].startswith(("text/css", "text/javascript"))
            assert not re.search(r"""@import|url\(["']?https?:""", file.text)
    assert (await api.anonymous.get("/docs/0000000000000000/start.js")).status_code == 404
    assert (await api.anonymous.get("/docs/../openapi.json")).status_code == 200
    described = (await api.anonymous.get("/openapi.json")).json()
    assert described["info"]["title"] == "Headrace"
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert (await api.anonymous.get("/openapi.yaml")).text.startswith("openapi: 3")


@pytest.mark.usefixtures("worker")
async def test_health_tells_the_queue_to_superadmins_alone(api: Api):
    await deploy(api.alice, "u/alice/script")
    await api.alice.post(in_workspace("jobs/run/p/u/alice/script"), json={})
    member, root = [(await who.get("/health/detailed")).json() for who in (api.alice, api.superadmin)]
    assert GetHealthDetailedResponse200.from_dict(member).status.value == "healthy"
    assert member["checks"]["workers"]["worker_groups"] == ["default"]
    assert "queue" not in member["checks"]
    assert root["checks"]["queue"] == {"pending_jobs": 1, "running_jobs": 0}
    assert root["checks"]["database"]["pool"]["max_connections"] == 10
