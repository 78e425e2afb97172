"""Results that lie in the blob store: they are shown like others, and go with their jobs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from headrace.lifecycle.blobs.sweep_blobs import sweep_blobs
from headrace.model.blob import PIECE_BYTES
from headrace.model.outcome import Status
from headrace.settings import Settings
from headrace.worker.result_keeper import ResultKeeper
from tests.integration.api.callers import Api, PlayedWorker, deploy, in_workspace, run

if TYPE_CHECKING:
    from headrace.blobs.blobs import Blobs
    from headrace.db.connection import Pool
    from headrace.model.job import ClaimedJob

PATH = "u/alice/large"
MAKE_DUE = "update doubtful_blob set due_at = now() - interval '1 second'"


@pytest.fixture
def keeper(blobs: Blobs, worker_pool: Pool) -> ResultKeeper:
    return ResultKeeper(blobs, worker_pool, Settings(blob_threshold_kb=1024, blob_patience_seconds=0))


def result_of(size: int) -> bytes:
    """A JSON string of that many bytes."""
    return b'"' + (b"0123456789abcdef" * (size // 16 + 1))[: size - 2] + b'"'


async def start(api: Api, worker: PlayedWorker) -> tuple[str, ClaimedJob]:
    await deploy(api.alice, PATH)
    return await run(api.alice, PATH), await worker.take()


async def shown(api: Api, route: str, job: str) -> Any:
    answer = await api.alice.get(in_workspace(f"jobs_u/{route}/{job}"))
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    return answer.json()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_every_route_shows_a_result_wherever_it_lies(
    api: Api, worker: PlayedWorker, keeper: ResultKeeper, tmp_path: Path, owner: asyncpg.Connection
):
    await deploy(api.alice, PATH)
    for size in (1024**2, 1024**2 + 1, 5 * 1024**2):
        await show_everywhere(api, worker, keeper, size)
    kept = await owner.fetch("select length(result) from job_history where result_blob is not null")
    assert [row[0] for row in kept] == [0, 0]
    assert len(files(tmp_path)) == 2
    listed = await api.alice.get(in_workspace("jobs/list"))
    assert len(listed.content) < 10_000


async def show_everywhere(api: Api, worker: PlayedWorker, keeper: ResultKeeper, size: int) -> None:
    job, claimed = await run(api.alice, PATH), await worker.take()
    text = result_of(size)
    assert len(text) == size
    assert keeper.is_large(claimed, text) == (size > 1024**2)
    blob = await keeper.keep(claimed, text) if keeper.is_large(claimed, text) else None
    await worker.end(claimed, text, blob=blob)
    value = json.loads(text)
    assert await shown(api, "completed/get_result", job) == value
    assert await shown(api, "completed/get_result_maybe", job) == {
        "completed": True, "started": True, "success": True, "result": value,
    }  # fmt: skip
    assert (await shown(api, "get", job))["result"] == value
    assert (await shown(api, "completed/get", job))["result"] == value
    answer = await api.bob.get(in_workspace(f"jobs_u/completed/get_result/{job}"))
    assert answer.status_code == 404


async def test_one_that_waits_gets_a_large_failure(api: Api, worker: PlayedWorker, keeper: ResultKeeper):
    await deploy(api.alice, PATH)
    waiting = asyncio.create_task(api.alice.post(in_workspace(f"jobs/run_wait_result/p/{PATH}"), json={}))
    while (await api.alice.get(in_workspace("jobs/queue/count"))).json()["database_length"] == 0:
        pass
    claimed = await worker.take()
    text = b'{"error": {"name": "Error", "message": ' + result_of(2 * PIECE_BYTES) + b"}}"
    await worker.end(claimed, text, Status.FAILURE, await keeper.keep(claimed, text))
    answer = await waiting
    assert (answer.status_code, answer.json()) == (200, json.loads(text))


async def test_wrong_bytes_are_an_error_that_says_so(
    api: Api,
    worker: PlayedWorker,
    keeper: ResultKeeper,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
):
    job, claimed = await start(api, worker)
    text = result_of(2 * PIECE_BYTES)
    await worker.end(claimed, text, blob=await keeper.keep(claimed, text))
    [file] = files(tmp_path)
    file.write_bytes(b"'" + text[1:])
    answer = await api.alice.get(in_workspace(f"jobs_u/completed/get_result/{job}"))
    assert answer.status_code == 500
    assert answer.text.startswith("what was stored of this is damaged or missing")
    assert "is damaged: piece 0 is not what was stored" in caplog.text
    file.unlink()
    answer = await api.alice.get(in_workspace(f"jobs_u/completed/get_result/{job}"))
    assert answer.status_code == 500
    assert "is missing in the blob store" in caplog.text
    assert str(tmp_path) not in answer.text


async def test_a_store_that_is_away_is_a_503_and_a_result_goes_into_its_row(
    api: Api, worker: PlayedWorker, keeper: ResultKeeper, tmp_path: Path
):
    before, claimed = await start(api, worker)
    text = result_of(2 * PIECE_BYTES)
    await worker.end(claimed, text, blob=await keeper.keep(claimed, text))
    (tmp_path / "blobs").rename(tmp_path / "unmounted")
    answer = await api.alice.get(in_workspace(f"jobs_u/completed/get_result/{before}"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")

    meanwhile = await run(api.alice, PATH)
    claimed = await worker.take()
    blob = await keeper.keep(claimed, text)
    assert blob is None
    await worker.end(claimed, text, blob=blob)
    assert await shown(api, "completed/get_result", meanwhile) == json.loads(text)
    (tmp_path / "unmounted").rename(tmp_path / "blobs")
    assert await shown(api, "completed/get_result", before) == json.loads(text)


@pytest.mark.parametrize("deed", ["erase", "remove"])
async def test_a_blob_goes_when_its_run_is_erased_or_removed_and_no_other_does(
    api: Api,
    worker: PlayedWorker,
    keeper: ResultKeeper,
    tmp_path: Path,
    owner: asyncpg.Connection,
    worker_pool: Pool,
    blobs: Blobs,
    deed: str,
):
    await deploy(api.alice, PATH)
    jobs = [await run(api.alice, PATH) for _ in range(2)]
    text = result_of(2 * PIECE_BYTES)
    for _ in jobs:
        claimed = await worker.take()
        await worker.end(claimed, text, blob=await keeper.keep(claimed, text))
    await owner.execute(MAKE_DUE)
    async with worker_pool.acquire() as connection:
        assert await sweep_blobs(connection, blobs) == 2
        assert await sweep_blobs(connection, blobs) == 0
    assert len(files(tmp_path)) == 2
    if deed == "erase":
        answer = await api.alice.post(in_workspace(f"jobs/completed/delete/{jobs[0]}"))
    else:
        answer = await api.admin.post(in_workspace("jobs/delete"), json=jobs[:1])
    assert answer.status_code == 200, answer.text
    async with worker_pool.acquire() as connection:
        assert await sweep_blobs(connection, blobs) == 1
    assert [file.parts[-3] for file in files(tmp_path)] == [jobs[1]]
    assert await shown(api, "completed/get_result", jobs[1]) == json.loads(text)


async def test_what_a_dead_worker_left_goes_when_its_attempt_is_over(
    api: Api,
    worker: PlayedWorker,
    keeper: ResultKeeper,
    tmp_path: Path,
    owner: asyncpg.Connection,
    worker_pool: Pool,
    blobs: Blobs,
):
    job, claimed = await start(api, worker)
    text = result_of(2 * PIECE_BYTES)
    await keeper.keep(claimed, text)
    await owner.execute(MAKE_DUE)
    async with worker_pool.acquire() as connection:
        assert await sweep_blobs(connection, blobs) == 1
    assert len(files(tmp_path)) == 1, "the attempt may still refer to it"
    await worker.give_back(claimed)
    again = await worker.take()
    await worker.end(again, text, blob=await keeper.keep(again, text))
    assert len(files(tmp_path)) == 2
    await owner.execute(MAKE_DUE)
    async with worker_pool.acquire() as connection:
        assert await sweep_blobs(connection, blobs) == 2
    assert len(files(tmp_path)) == 1
    assert await shown(api, "completed/get_result", job) == json.loads(text)


async def test_a_sweep_that_fails_is_done_again(
    api: Api,
    worker: PlayedWorker,
    keeper: ResultKeeper,
    tmp_path: Path,
    owner: asyncpg.Connection,
    worker_pool: Pool,
    blobs: Blobs,
):
    _, claimed = await start(api, worker)
    text = result_of(2 * PIECE_BYTES)
    await keeper.keep(claimed, text)
    await worker.end(claimed)
    await owner.execute(MAKE_DUE)
    (tmp_path / "blobs").rename(tmp_path / "unmounted")
    async with worker_pool.acquire() as connection:
        with pytest.raises(Exception, match="not there"):
            await sweep_blobs(connection, blobs)
        (tmp_path / "unmounted").rename(tmp_path / "blobs")
        assert await sweep_blobs(connection, blobs) == 1
    assert not files(tmp_path)
