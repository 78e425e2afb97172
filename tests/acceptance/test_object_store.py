"""Blobs in an S3: what an installation takes comes back byte for byte, and goes when it is erased."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.commands import Up, start_up
from tests.acceptance.jobs import ended, log_of, preview, text_of
from tests.ground.object_store import ObjectStore, running_object_store

if TYPE_CHECKING:
    import httpx

FILE = random.Random(1).randbytes(12 * 1024**2 + 7)  # larger than a part of an upload
LINES, TEXT = 60_000, "0123456789abcdeé" * 200_000
CODE = f"""
def main():
    for number in range({LINES}):
        print(f"line {{number:06}} that is long enough to fill a block or two")
    return "0123456789abcdeé" * 200_000
"""
LOG = "".join(f"line {number:06} that is long enough to fill a block or two\n" for number in range(LINES))


@pytest.mark.long
async def test_result_log_and_file_lie_in_the_bucket_until_they_are_erased(quick_data_dir: Path):
    async with running_object_store() as store:
        up = await start_up(quick_data_dir, **store.settings)
        async with up.in_workspace() as api:
            await upload(api)
            job = await preview(api, CODE)
            assert (await ended(api, job))["success"]
        assert kinds(await store.names()) == ["files", "results"]

        # A leader looks at logs and at blobs as soon as it leads.
        up = await again(up, store, "moved long logs of 1 attempts")
        assert kinds(await store.names()) == ["files", "logs", "results"]
        [file] = [name for name in await store.names() if name.startswith("files/")]
        assert await store.sha256(file) == sha256(FILE)
        async with up.in_workspace() as api:
            assert sha256(await download(api)) == sha256(FILE)
            assert sha256(await log_of(api, job)) == sha256(LOG)
            result = await api.get(f"/jobs_u/completed/get_result/{job}")
            assert sha256(json.loads(text_of(result, 200))) == sha256(TEXT)
            text_of(await api.post(f"/jobs/completed/delete/{job}"), 200)
            assert (await api.get(f"/jobs_u/completed/get_result/{job}")).json() is None
            deleted = await api.delete("/job_helpers/delete_s3_file", params={"file_key": "large"})
            text_of(deleted, 200)

        up = await again(up, store, r"judged \d+ doubtful blobs")
        assert await store.names() == []
        await up.end()


async def again(up: Up, store: ObjectStore, said: str) -> Up:
    """The same installation, started again; returns when it has said something."""
    await up.end()
    up = await start_up(up.data_dir, **store.settings)
    await up.process.says(said)
    return up


async def upload(api: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    answer = await api.post("/job_helpers/upload_s3_file?file_key=large", content=FILE, headers=headers)
    assert answer.json() == {"file_key": "large"}


async def download(api: httpx.AsyncClient) -> bytes:
    answer = await api.get("/job_helpers/download_s3_file?file_key=large")
    return answer.raise_for_status().content


def kinds(names: list[str]) -> list[str]:
    """The first part of each name, once."""
    return sorted({name.partition("/")[0] for name in names})


def sha256(text: str | bytes) -> str:
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()
