"""Calls that wait for a job, over real sockets: clients that go away, and answers as a result tells them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import wmill

from tests.acceptance.commands import Up
from tests.acceptance.jobs import canceled_afterwards, ended

SLEEPS = "import time\n\ndef main():\n    print('asleep', flush=True)\n    time.sleep(600)\n"
TELLS = (
    "def main(x):\n    return {'windmill_status_code': 202, 'windmill_content_type': 'text/html',"
    " 'windmill_headers': {'X-Mine': str(x)}, 'result': '<p>'}\n"
)
MORE_THAN_CONNECTIONS = 11
"""Callers of each kind at once; the server has ten connections to the database."""


@pytest.fixture
async def api(server: Up) -> AsyncIterator[httpx.AsyncClient]:
    async with server.in_workspace() as client:
        yield client


async def ask(server: Up, path: str, body: dict[str, Any], query: str = "") -> asyncio.StreamWriter:
    """Send a request over a socket of its own, and wait for nothing."""
    address = urlsplit(server.url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    content = json.dumps(body).encode()
    head = (
        f"POST /api/w/{server.workspace}/jobs/{path}?{query} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: Bearer {server.token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    writer.write(head.encode() + content)
    await writer.drain()
    return writer


async def test_clients_that_went_away_hold_nothing(server: Up, api: httpx.AsyncClient):
    body = {"content": SLEEPS, "language": "python3", "args": {}}
    queries = [f"tag=unserved-{cancel}&cancel_on_disconnect={cancel}" for cancel in ("true", "false")]
    writers = [
        await ask(server, "run_wait_result/preview", body, query) for query in queries * MORE_THAN_CONNECTIONS
    ]
    gone = await jobs_tagged(api, "unserved-true")
    going_on = await jobs_tagged(api, "unserved-false")
    async with canceled_afterwards(api, *going_on):
        for writer in writers:
            writer.close()
        # A request that did not see its client go could not cancel its job.
        for job in gone:
            assert (await ended(api, job))["canceled_reason"] == "the caller went away"
        for job in going_on:
            assert (await api.get(f"/jobs_u/get/{job}")).json()["type"] == "QueuedJob"


async def jobs_tagged(api: httpx.AsyncClient, tag: str) -> list[str]:
    """The jobs with a tag, as soon as all are there; to be answered takes a connection to the database."""
    while True:
        found = (await api.get("/jobs/list", params={"tag": tag})).raise_for_status().json()
        if len(found) == MORE_THAN_CONNECTIONS:
            return [job["id"] for job in found]


async def test_a_result_shapes_its_answer(api: httpx.AsyncClient):
    body = {"content": TELLS, "language": "python3", "args": {"x": 7}}
    answer = await api.post("/jobs/run_wait_result/preview", json=body)
    assert (answer.status_code, answer.text, answer.headers["x-mine"]) == (202, "<p>", "7")
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["content-security-policy"] == "sandbox"


async def test_the_public_client_calls_raw_code_as_a_function(server: Up, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BASE_INTERNAL_URL", server.url)
    monkeypatch.setenv("WM_WORKSPACE", server.workspace)
    monkeypatch.setenv("WM_TOKEN", server.token)
    client = await asyncio.to_thread(wmill.Windmill)
    code = "def main(x: int):\n    return {'half': 4 // x}\n"
    call = client.run_inline_script_preview
    assert await asyncio.to_thread(call, code, "python3", {"x": 2}) == {"half": 2}
    with pytest.raises(Exception, match="division"):
        await asyncio.to_thread(call, code, "python3", {"x": 0})
    with pytest.raises(Exception, match="'postgresql' can't be run here"):
        await asyncio.to_thread(call, "select 1", "postgresql")
    client.client.close()
