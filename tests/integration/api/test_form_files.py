"""Files in the form of a call: kept with the job that has them as arguments, or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from headrace.api.context import Caller
from headrace.api.file_bodies import Upload, store_uploads
from headrace.errors import TooLarge
from headrace.model.principal import Principal
from tests.ground.people import WORKSPACE, make_member
from tests.integration.api.callers import Api, PlayedWorker, deploy, in_workspace, with_settings

PATH = "u/admin/script"
RUN = in_workspace(f"jobs/run/p/{PATH}")
DATA = bytes(range(256)) * 2000
FILE = ("a b.csv", DATA, "text/csv")


@pytest.fixture(autouse=True)
async def script(api: Api) -> None:
    """A script for all of them."""
    await deploy(api.admin, PATH)
    await api.admin.post(in_workspace(f"acls/add/script/{PATH}"), json={"owner": "g/all"})


async def send(caller: httpx.AsyncClient, *files: Any, path: str = RUN, **options: Any) -> httpx.Response:
    """A form with files in the field ``file`` and a text beside them."""
    form = [("file", file) for file in files]
    return await caller.post(path, files=form, data={"text": "1"}, **options)


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def kept(owner: asyncpg.Connection) -> tuple[int, int]:
    """How many files the workspace has, and how many jobs."""
    return (
        await owner.fetchval("select count(*) from workspace_file"),
        await owner.fetchval("select count(*) from job_queue"),
    )


async def test_files_are_kept_and_the_script_gets_their_keys(
    api: Api, worker: PlayedWorker, owner: asyncpg.Connection
):
    answer = await send(api.admin, FILE, ("x", b"", "text/plain"))
    assert answer.status_code == 201, answer.text
    args = json.loads((await worker.take()).args)
    first, second = args["file"]
    assert args == {"text": "1", "file": [first, second]}
    assert (first["filename"], second["filename"]) == ("a b.csv", "x")
    for file, wanted, kind in ((first, DATA, "text/csv"), (second, b"", "text/plain")):
        query = {"file_key": file["s3"]}
        answer = await api.admin.get(in_workspace("job_helpers/download_s3_file"), params=query)
        assert (answer.status_code, answer.content) == (200, wanted)
        answer = await api.admin.get(in_workspace("job_helpers/load_file_metadata"), params=query)
        assert answer.json()["mime_type"] == kind
    written = await owner.fetch("select resource from audit where operation = 'files.upload' order by id")
    assert [row[0] for row in written] == [first["s3"], second["s3"]]
    assert await owner.fetchval("select count(*) from doubtful_blob") == 0


async def test_a_form_with_files_is_an_event_without_its_text(api: Api, worker: PlayedWorker):
    await deploy(api.admin, "u/admin/event", "def main(n): pass\ndef preprocessor(event): return {}\n")
    answer = await send(api.admin, FILE, path=RUN.replace("script", "event"))
    assert answer.status_code == 201, answer.text
    event = json.loads((await worker.take()).args)["event"]
    assert (event["body"]["text"], len(event["body"]["file"]), event["raw_string"]) == ("1", 1, "")


async def test_a_repeat_with_its_key_keeps_the_files_of_the_first(api: Api, owner: asyncpg.Connection):
    headers = {"Idempotency-Key": "1", "Content-Type": "multipart/form-data; boundary=xyz"}
    answers = [await send(api.admin, FILE, headers=headers) for _ in range(2)]
    assert answers[0].text == answers[1].text
    assert await kept(owner) == (1, 1)


async def test_what_is_refused_keeps_no_file(api: Api, owner: asyncpg.Connection, tmp_path: Path):
    await make_member(owner, "oskar", operator=True)
    await api.sign_in("oskar", "oskar@acme.test")
    await api.sign_in("hook", "admin@acme.test", scopes=[f"jobs:run:scripts:{PATH}"])
    await api.sign_in("filer", "admin@acme.test", scopes=[f"jobs:run:scripts:{PATH}", "job_helpers:write"])
    for later, status, words in (
        (("large", b"x" * 1024**2), 413, "body: is larger than 1 MB (setting body_limit_mb)"),
        (("odd", b"1", "odd type"), 400, "file: must be a media type such as text/csv"),
        ((None, b"\xff"), 400, "file: is not valid UTF-8"),
    ):
        answer = await send(api.admin, FILE, later)
        assert (answer.status_code, answer.text[: len(words)]) == (status, words)
    for name, words in (("oskar", "operators may"), ("hook", "job_helpers:write")):
        answer = await send(getattr(api, name), FILE)
        assert (answer.status_code, words in answer.text) == (403, True), answer.text
    assert (await send(api.anonymous, FILE)).status_code == 401
    assert not stored(tmp_path)
    answer = await send(api.admin, FILE, path=f"{RUN}?permissioned_as=u/nobody")
    assert answer.status_code == 400
    assert (await send(api.admin, FILE, path=f"{RUN}_is_none")).status_code == 404
    assert await kept(owner) == (0, 0)
    assert (await send(api.filer, FILE)).status_code == 201
    assert await kept(owner) == (1, 1)


async def test_a_file_of_a_form_may_be_as_large_as_any_other(api: Api, tmp_path: Path):
    context = with_settings(api, file_limit_mb=1)
    caller = Caller(Principal("admin@acme.test", "admin", WORKSPACE), context)
    uploads = [Upload("small", "a", b"1"), Upload("large", "b", b"x" * (1024**2 + 1))]
    with pytest.raises(TooLarge, match=r"large: is larger than 1 MB \(setting file_limit_mb\)"):
        await store_uploads(caller, uploads)
    assert not stored(tmp_path)
