"""The blob store goes away, and a worker dies between its put and the commit."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from headrace.blobs.places import open_blobs
from headrace.lifecycle.blobs.sweep_blobs import sweep_blobs
from headrace.settings import Settings
from tests.faults.site import TOKEN, Site
from tests.ground.people import WORKSPACE
from tests.ground.processes import Server
from tests.ground.witness import SCRIPT

pytestmark = pytest.mark.long

LARGE = SCRIPT.replace('{"attempt": ATTEMPT}', '{"attempt": ATTEMPT, "text": "é" * 1_000_000}')


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def result_of(server: Server, job: str) -> Any:
    async with server.client(TOKEN) as client:
        response = await client.get(f"/w/{WORKSPACE}/jobs_u/completed/get_result/{job}")
    return response.raise_for_status().json()


async def test_a_result_that_was_put_but_not_committed_is_made_again_and_swept(site: Site, store: Path):
    settings = {"blob_store": store.as_uri()}
    once = settings | {"failpoints": f"result_put=kill:{site.witness.folder / 'killed'}"}
    server, first, second = await asyncio.gather(
        site.installation.server(**settings),
        site.installation.worker(**once),
        site.installation.worker(**once),
    )
    job = await site.enqueue(server, code=LARGE)
    finished = await site.checker.finished(job)
    assert (finished.status, finished.attempt) == ("success", 2)
    assert await result_of(server, job) == {"attempt": 2, "text": "é" * 1_000_000}
    assert len(files(store)) == 2
    await site.checker.owner.execute("update doubtful_blob set due_at = now()")
    assert await sweep_blobs(site.checker.owner, open_blobs(Settings(blob_store=store.as_uri()))) == 2
    assert len(files(store)) == 1
    assert (await result_of(server, job))["attempt"] == 2
    ended = [worker for worker in (first, second) if not worker.is_running]
    assert [await worker.ends() for worker in ended] == [-signal.SIGKILL]
    await site.checker.check(site.acknowledged, most_attempts=2)


@pytest.mark.parametrize("comes_back", [True, False])
async def test_a_result_waits_for_a_store_that_is_away_and_is_kept_in_any_case(
    site: Site, store: Path, comes_back: bool
):
    settings = {"blob_store": store.as_uri(), "blob_patience_seconds": 30 if comes_back else 1}
    server = await site.installation.server(blob_store=store.as_uri())
    worker = await site.installation.worker(**settings)
    gate = site.witness.gate()
    job = await site.enqueue(server, code=LARGE, gate=gate.path)
    await site.witness.until("start", job)
    await asyncio.to_thread(store.rename, store.with_name("unmounted"))
    gate.open()
    await worker.says("its result can't be stored yet")
    if comes_back:
        await asyncio.to_thread(store.with_name("unmounted").rename, store)
    finished = await site.checker.finished(job)
    assert (finished.status, finished.attempt) == ("success", 1)
    assert (await result_of(server, job))["text"] == "é" * 1_000_000
    assert (finished.result == b"") == comes_back
    if not comes_back:
        assert json.loads(finished.result)["attempt"] == 1
        assert "kept in the database" in await site.logs(server, job)
    await site.checker.check(site.acknowledged)
