"""Calls that wait for a job: how its result is answered, and when they wait no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import httpx
import pytest

from headrace.model.outcome import Status
from tests.integration.api.callers import (
    MAIN,
    Api,
    PlayedWorker,
    deploy,
    in_workspace,
    queued,
    run,
    with_settings,
)

PATH = "u/alice/script"
WAIT = in_workspace(f"jobs/run_wait_result/p/{PATH}")
ERROR = b'{"error": {"name": "E", "message": "no luck"}}'


async def answered(
    api: Api,
    worker: PlayedWorker,
    request: Awaitable[httpx.Response],
    result: bytes,
    status: Status = Status.SUCCESS,
) -> httpx.Response:
    """The answer to a request whose job ends so."""
    waiting = asyncio.ensure_future(request)
    await queued(api)
    await worker.end(await worker.take(), result, status)
    return await waiting


async def test_a_result_tells_how_it_is_answered(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    told = b'{"windmill_status_code": 418, "windmill_content_type": "text/plain", "result": "short"}'
    answer = await answered(api, worker, api.alice.post(WAIT), told)
    assert (answer.status_code, answer.text) == (418, "short")
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["content-security-policy"] == "sandbox"
    bad = b'{"windmill_headers": {"X": "a\\r\\nSet-Cookie: b"}, "result": 1}'
    answer = await answered(api, worker, api.alice.post(WAIT), bad)
    assert (answer.status_code, "windmill_headers" in answer.text) == (502, True)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("kind", ["run_wait_result", "run_inline"])
async def test_scripts_and_raw_code_are_waited_for(api: Api, worker: PlayedWorker, kind: str):
    version = await deploy(api.alice, PATH)
    is_inline = kind == "run_inline"
    for route, body in (
        (f"p/{PATH}", {"args": {"x": 2}} if is_inline else {"x": 2}),
        (f"h/{version}", {"args": {"x": 2}} if is_inline else {"x": 2}),
        ("preview", {"content": MAIN, "language": "python3", "args": {"x": 2}}),
    ):
        path = in_workspace(f"jobs/{kind}/{route}")
        waiting = asyncio.ensure_future(api.alice.post(path, json=body))
        await queued(api)
        taken = await worker.take()
        assert taken.args.replace(b" ", b"") == b'{"x":2}'
        await worker.end(taken, b'{"y": 1.10}')
        answer = await waiting
        assert (answer.status_code, answer.content) == (200, b'{"y": 1.10}')
        answer = await answered(api, worker, api.alice.post(path, json=body), ERROR, Status.FAILURE)
        # What is called as a function raises; what is called by a web hook answers.
        assert answer.status_code == (422 if is_inline else 200)
        assert "no luck" in answer.text


async def test_a_lock_that_fails_is_an_error(api: Api, worker: PlayedWorker):
    body = {"raw_scripts": [{"raw_code": "import x", "language": "python3"}], "entrypoint": ""}
    request = api.alice.post(in_workspace("jobs/run/dependencies"), json=body)
    answer = await answered(api, worker, request, ERROR, Status.FAILURE)
    assert (answer.status_code, "no luck" in answer.text) == (422, True)


async def test_nothing_is_started_behind_too_long_a_queue(api: Api, monkeypatch: pytest.MonkeyPatch):
    await deploy(api.alice, PATH)
    await deploy(api.bob, "u/bob/script")
    jobs = [await run(api.bob, "u/bob/script") for _ in range(2)]
    await run(api.bob, "u/bob/script", scheduled_in_secs=3600)
    await run(api.bob, "u/bob/script", tag="another")
    refused = await api.alice.post(WAIT, params={"queue_limit": 1})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.text == "queue_limit: more than 1 jobs tagged python3 wait already"
    assert (await api.alice.post(WAIT, params={"queue_limit": 2})).status_code == 504
    monkeypatch.setattr(api.app.state, "context", with_settings(api, queue_limit_wait_result=1))
    assert (await api.alice.post(WAIT, params={"queue_limit": 99})).status_code == 429
    await run(api.alice, PATH)
    assert len((await api.alice.get(in_workspace("jobs/list"))).json()) == 2
    assert len(jobs) == 2


async def test_a_caller_that_goes_away_is_not_waited_for(api: Api):
    await deploy(api.alice, PATH)
    for query, canceled in ((b"", False), (b"cancel_on_disconnect=true", True)):
        asking = Hanging(api, WAIT, query)
        await queued(api)
        asking.hang_up.set()
        await asking.task
        [job] = (await api.alice.get(in_workspace("jobs/list"), params={"per_page": 1})).json()
        assert job["canceled"] is canceled
        if canceled:
            assert job["canceled_reason"] == "the caller went away"
        else:
            await api.alice.post(in_workspace(f"jobs_u/queue/force_cancel/{job['id']}"), json={})


class Hanging:
    """A request whose client hangs up when told to."""

    def __init__(self, api: Api, path: str, query: bytes) -> None:
        self.hang_up = asyncio.Event()
        self._has_sent = False
        self._scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": f"/api{path}",
            "raw_path": f"/api{path}".encode(),
            "query_string": query,
            "headers": [(b"host", b"test"), (b"authorization", f"Bearer {api.tokens['alice']}".encode())],
        }
        self.task = asyncio.ensure_future(api.app(self._scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if self._has_sent:
            await self.hang_up.wait()
            return {"type": "http.disconnect"}
        self._has_sent = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: Any) -> None:
        """Nobody hears it."""
