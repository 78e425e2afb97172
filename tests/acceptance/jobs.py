"""Runs jobs over HTTP and waits for them as clients do: by asking for news, answered when there is some."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

PATIENCE_SECONDS = 40


async def preview(api: httpx.AsyncClient, content: str, query: str = "", **args: Any) -> str:
    """Start raw code; the job's id."""
    body = {"content": content, "language": "python3", "args": args}
    return text_of(await api.post(f"/jobs/run/preview{query}", json=body), 201)


async def deploy(api: httpx.AsyncClient, path: str, content: str, **fields: Any) -> str:
    """Deploy a script, wait until its dependencies are locked; its hash."""
    body = {"path": path, "content": content, "language": "python3", **fields}
    version = text_of(await api.post("/scripts/create", json=body), 201)
    status = (await api.get(f"/scripts/deployment_status/h/{version}")).json()
    if "lock" not in status:
        locked = await ended(api, status["job_id"])
        assert locked["success"], locked
    return version


async def ended(api: httpx.AsyncClient, job: str) -> dict[str, Any]:
    """Wait for a job's end; everything about it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for news in news_of(api, job):
            if news["completed"]:
                break
    response = await api.get(f"/jobs_u/get/{job}")
    return response.raise_for_status().json()


async def result_of(api: httpx.AsyncClient, job: str) -> Any:
    """Wait for a job's end, which must be a success; its result."""
    record = await ended(api, job)
    assert record["success"], record
    return record["result"]


async def error_of(api: httpx.AsyncClient, job: str) -> dict[str, Any]:
    """Wait for a job's end, which must not be a success; its error."""
    record = await ended(api, job)
    assert not record["success"], record
    return record["result"]["error"]


async def says(api: httpx.AsyncClient, job: str, text: str) -> str:
    """Wait until a running job has printed a text; its log so far."""
    log = ""
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for news in news_of(api, job):
            log += news["new_logs"]
            if text in log:
                return log
            assert not news["completed"], f"job {job} ended without saying {text!r}:\n{log}"
    raise AssertionError(f"no news of job {job}")


async def news_of(api: httpx.AsyncClient, job: str) -> AsyncIterator[dict[str, Any]]:
    """What is new of a job, again and again; each answer comes when there is something, or a little later."""
    running, offset = False, 0
    while True:
        query = {"running": running, "log_offset": offset}
        response = await api.get(f"/jobs_u/getupdate/{job}", params=query)
        news = response.raise_for_status().json()
        news = {"running": False, "completed": False, "new_logs": "", "log_offset": offset} | news
        running, offset = news["running"], news["log_offset"]
        yield news


async def log_of(api: httpx.AsyncClient, job: str) -> str:
    """The whole log."""
    return text_of(await api.get(f"/jobs_u/get_logs/{job}"), 200)


@asynccontextmanager
async def canceled_afterwards(api: httpx.AsyncClient, *jobs: str) -> AsyncIterator[None]:
    """Jobs that would run for ever are stopped when the block is over, however it ends."""
    try:
        yield
    finally:
        for job in jobs:
            await api.post(f"/jobs_u/queue/cancel/{job}", json={})
        for job in jobs:
            await ended(api, job)


def text_of(response: httpx.Response, status: int) -> str:
    """The body of an answer that has to have this status."""
    assert response.status_code == status, response.text
    return response.text
