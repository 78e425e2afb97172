"""Long logs: their beginning goes to the blob store when the job has ended, and nobody who reads notices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from headrace.errors import Unavailable
from headrace.lifecycle.blobs.move_logs import move_logs
from headrace.lifecycle.blobs.sweep_blobs import sweep_blobs
from headrace.model.log_text import utf16_length, utf16_tail
from tests.integration.api.callers import Api, PlayedWorker, deploy, in_workspace, run

if TYPE_CHECKING:
    from headrace.blobs.blobs import Blobs
    from headrace.db.connection import Pool

PATH = "u/alice/talks"
CHUNK = 64 * 1024
TEXT = "".join(f"line {number} 🌊 é\n" for number in range(160_000))  # about 2.9 million characters


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def talk(api: Api, worker: PlayedWorker, text: str) -> str:
    """A job that has printed a text and still runs; returns its id."""
    await deploy(api.alice, PATH)
    job = await run(api.alice, PATH)
    claimed = await worker.take()
    start = 0
    for begin in range(0, len(text), CHUNK):
        piece = text[begin : begin + CHUNK]
        await worker.write(claimed, start, piece)
        start += utf16_length(piece)
    await worker.end(claimed)
    return job


async def whole_log(api: Api, job: str) -> str:
    answer = await api.alice.get(in_workspace(f"jobs_u/get_logs/{job}"))
    assert answer.status_code == 200, answer.text
    return answer.text


async def followed_log(api: Api, job: str, offset: int) -> str:
    """The log from an offset on, as clients follow it."""
    text = ""
    while True:
        query = {"log_offset": offset + utf16_length(text)}
        update = (await api.alice.get(in_workspace(f"jobs_u/getupdate/{job}"), params=query)).json()
        if not update["new_logs"]:
            return text
        text += update["new_logs"]


async def test_a_long_log_is_moved_and_read_as_before(
    api: Api, worker: PlayedWorker, blobs: Blobs, worker_pool: Pool, owner: asyncpg.Connection, tmp_path: Path
):
    job = await talk(api, worker, TEXT)
    assert await whole_log(api, job) == TEXT
    async with worker_pool.acquire() as connection:
        assert await move_logs(connection, blobs) == 1
        assert await move_logs(connection, blobs) == 0
    assert len(files(tmp_path)) == 2
    assert sum(file.stat().st_size for file in files(tmp_path)) < len(TEXT) / 2
    assert 0 < await owner.fetchval("select sum(length(chunk)) from job_log") < 1024**2
    assert await owner.fetchval("select count(*) from doubtful_blob") == 0
    assert await whole_log(api, job) == TEXT
    length = utf16_length(TEXT)
    for offset in (0, 1_000_003, 1_048_577, 2_200_000, length - 5, length):
        assert await followed_log(api, job, offset) == utf16_tail(TEXT, offset)
    shown = (await api.alice.get(in_workspace(f"jobs_u/get/{job}"))).json()
    assert TEXT.startswith(shown["logs"])
    answer = await api.bob.get(in_workspace(f"jobs_u/get_logs/{job}"))
    assert answer.status_code == 404

    erased = await api.alice.post(in_workspace(f"jobs/completed/delete/{job}"))
    assert erased.status_code == 200
    async with worker_pool.acquire() as connection:
        assert await sweep_blobs(connection, blobs) == 2
    assert not files(tmp_path)


async def test_a_move_that_breaks_off_leaves_a_whole_log_and_goes_on(
    api: Api, worker: PlayedWorker, blobs: Blobs, worker_pool: Pool, owner: asyncpg.Connection, tmp_path: Path
):
    job = await talk(api, worker, TEXT)
    await owner.execute(
        "create function die() returns trigger language plpgsql as 'begin raise exception $$gone$$; end';"
        "create trigger die before insert on job_log_block for each row when (new.start > 0)"
        " execute function die()"
    )
    async with worker_pool.acquire() as connection:
        with pytest.raises(asyncpg.RaiseError):
            await move_logs(connection, blobs)
        assert await whole_log(api, job) == TEXT
        assert len(files(tmp_path)) == 2
        await owner.execute("drop trigger die on job_log_block")
        assert await move_logs(connection, blobs) == 1
        assert await whole_log(api, job) == TEXT
        await owner.execute("update doubtful_blob set due_at = now()")
        assert await sweep_blobs(connection, blobs) == 1
        assert len(files(tmp_path)) == 2
        assert await whole_log(api, job) == TEXT


async def test_a_short_log_and_one_of_a_running_job_stay(
    api: Api, worker: PlayedWorker, blobs: Blobs, worker_pool: Pool, owner: asyncpg.Connection
):
    await talk(api, worker, TEXT[: 10 * CHUNK])
    await run(api.alice, PATH)
    claimed = await worker.take()
    await worker.write(claimed, 2_000_000, "far out")
    async with worker_pool.acquire() as connection:
        assert await move_logs(connection, blobs) == 0
    assert await owner.fetchval("select count(*) from job_log_large") == 1


async def test_a_store_that_is_away_is_a_503_and_keeps_no_job_from_ending(
    api: Api, worker: PlayedWorker, blobs: Blobs, worker_pool: Pool, tmp_path: Path
):
    job = await talk(api, worker, TEXT)
    store, elsewhere = tmp_path / "blobs", tmp_path / "unmounted"
    store.rename(elsewhere)
    async with worker_pool.acquire() as connection:
        with pytest.raises(Unavailable):
            await move_logs(connection, blobs)
        assert await whole_log(api, job) == TEXT
        elsewhere.rename(store)
        await move_logs(connection, blobs)
    store.rename(elsewhere)
    answer = await api.alice.get(in_workspace(f"jobs_u/getupdate/{job}"))
    assert answer.status_code == 503
