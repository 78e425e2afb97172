"""Files of a workspace over HTTP: stored, read, listed, moved, linked to, deleted; and by whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest

from headrace.lifecycle.blobs.sweep_blobs import sweep_blobs
from tests.ground.people import make_member, make_workspace
from tests.integration.api.callers import Api, PlayedWorker, deploy, in_workspace, run

if TYPE_CHECKING:
    from headrace.blobs.blobs import Blobs
    from headrace.db.connection import Pool

HELPERS = in_workspace("job_helpers/")
DATA = bytes(range(256)) * 6000  # more than a piece


async def upload(
    caller: httpx.AsyncClient, key: str | None, data: Any = b"1", **query: Any
) -> httpx.Response:
    params = query | ({"file_key": key} if key is not None else {})
    headers = {"Content-Type": "application/octet-stream"}
    return await caller.post(HELPERS + "upload_s3_file", params=params, content=data, headers=headers)


async def download(caller: httpx.AsyncClient, key: str, **headers: str) -> httpx.Response:
    return await caller.get(HELPERS + "download_s3_file", params={"file_key": key}, headers=headers)


async def ask(caller: httpx.AsyncClient, route: str, **query: Any) -> Any:
    answer = await caller.get(HELPERS + route, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    for offset in range(0, len(data), 50 * 1024):
        yield data[offset : offset + 50 * 1024]


async def test_a_file_is_read_as_it_was_stored(api: Api):
    key = "reports/ä b/to'day\".csv"
    answer = await upload(api.alice, key, chunks(DATA), content_type="text/csv")
    assert (answer.status_code, answer.json()) == (200, {"file_key": key})
    answer = await download(api.alice, key)
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"to_day_.csv\"; filename*=UTF-8''to%27day%22.csv"
    )
    assert "sandbox" in answer.headers["content-security-policy"]
    answer = await download(api.alice, key, Range="bytes=1048570-1048580")
    assert (answer.status_code, answer.content) == (206, DATA[1048570:1048581])
    assert answer.headers["content-range"] == f"bytes 1048570-1048580/{len(DATA)}"
    assert (await download(api.alice, key, Range="bytes=-5")).content == DATA[-5:]
    assert (await download(api.alice, key, Range=f"bytes={len(DATA)}-")).status_code == 400
    metadata = await ask(api.alice, "load_file_metadata", file_key=key)
    assert (metadata["mime_type"], metadata["size_in_bytes"]) == ("text/csv", len(DATA))
    assert await ask(api.alice, "storage_usage") | {"storages": []} == {
        "total_bytes": len(DATA),
        "storages": [],
    }


async def test_a_file_without_a_key_gets_one_and_a_preview_shows_text(api: Api):
    key = (await upload(api.alice, None, "a;b\nü;2\n".encode(), file_extension="csv")).json()["file_key"]
    assert key.endswith(".csv")
    assert await ask(api.alice, "load_file_preview", file_key=key, read_bytes_from=4) == {
        "content_type": "Csv",
        "content": "ü;2\n",
    }
    await upload(api.alice, "binary", b"\x00\x01")
    assert (await ask(api.alice, "load_file_preview", file_key="binary"))["content_type"] == "Unknown"


async def test_files_are_listed_by_page_and_by_level(api: Api):
    for key in ("a/1.txt", "a/2.csv", "a/b/3.csv", "A", "z"):
        assert (await upload(api.alice, key)).status_code == 200
    first = await ask(api.bob, "list_stored_files", max_keys=3)
    assert [file["s3"] for file in first["windmill_large_files"]] == ["A", "a/1.txt", "a/2.csv"]
    rest = await ask(api.bob, "list_stored_files", max_keys=3, marker=first["next_marker"])
    assert [file["s3"] for file in rest["windmill_large_files"]] == ["a/b/3.csv", "z"]
    assert "next_marker" not in rest
    found = await ask(api.bob, "list_stored_files", max_keys=9, prefix="a/", search="CSV")
    assert [file["s3"] for file in found["windmill_large_files"]] == ["a/2.csv", "a/b/3.csv"]
    level = await ask(api.bob, "list_stored_files_paged", prefix="a/", max_keys=2)
    assert [file["name"] for file in level["files"]] == ["1.txt", "2.csv"]
    level = await ask(api.bob, "list_stored_files_paged", prefix="a/", page_token=level["next_page_token"])
    assert level == {"folders": [{"prefix": "a/b/", "name": "b"}], "files": [], "restricted_access": False}
    for key, wanted in (("a", (True, True)), ("z", (True, False)), ("nowhere", (False, False))):
        shown = await ask(api.bob, "check_s3_folder_exists", file_key=key)
        assert (shown["exists"], shown["is_folder"]) == wanted


async def test_one_is_replaced_moved_and_deleted_and_its_bytes_go(
    api: Api, tmp_path: Path, blobs: Blobs, worker_pool: Pool, owner: asyncpg.Connection
):
    await upload(api.alice, "one", b"old")
    await upload(api.bob, "one", b"new")
    await upload(api.bob, "two", b"2")
    query = {"src_file_key": "one", "dest_file_key": "two"}
    assert (await api.alice.get(HELPERS + "move_s3_file", params=query)).status_code == 409
    query["dest_file_key"] = "three"
    assert (await api.alice.get(HELPERS + "move_s3_file", params=query)).status_code == 200
    assert (await api.alice.get(HELPERS + "move_s3_file", params=query)).status_code == 404
    assert (await download(api.alice, "three")).content == b"new"
    async with worker_pool.acquire() as connection:
        assert await sweep_blobs(connection, blobs) == 1
    assert len(files(tmp_path)) == 2
    for wanted in (200, 404):
        answer = await api.alice.delete(HELPERS + "delete_s3_file", params={"file_key": "three"})
        assert answer.status_code == wanted
    async with worker_pool.acquire() as connection:
        assert await sweep_blobs(connection, blobs) == 1
    assert len(files(tmp_path)) == 1
    written = await owner.fetch("select operation from audit where operation like 'files.%' order by id")
    assert [row[0] for row in written] == ["files.upload"] * 3 + ["files.move", "files.delete"]


async def test_what_is_too_large_or_breaks_off_leaves_nothing(
    api: Api, tmp_path: Path, owner: asyncpg.Connection
):
    for data in (b"x" * (3 * 1024**2 + 1), chunks(b"x" * (3 * 1024**2 + 1))):
        answer = await upload(api.alice, "large", data)
        assert (answer.status_code, answer.text) == (413, "file: is larger than 3 MB (setting file_limit_mb)")
    assert (await upload(api.alice, "large", b"x" * 3 * 1024**2)).status_code == 200
    assert len(files(tmp_path)) == 1
    # Of those that failed there are doubts, which the leader settles.
    assert await owner.fetchval("select count(*) from doubtful_blob") == 2


async def test_an_upload_that_was_given_up_meanwhile_is_refused_whole(
    api: Api, owner: asyncpg.Connection, blobs: Blobs, worker_pool: Pool
):
    async def slow() -> AsyncIterator[bytes]:
        yield b"1"
        await owner.execute("update doubtful_blob set due_at = now() - interval '1 second'")
        async with worker_pool.acquire() as connection:
            assert await sweep_blobs(connection, blobs) == 1
        yield b"2"

    answer = await upload(api.alice, "slow", slow())
    assert (answer.status_code, answer.text[:31]) == (409, "what was stored has been remove")
    assert (await download(api.alice, "slow")).status_code == 404


@pytest.mark.parametrize(
    ("key", "query", "field"),
    [
        ("../../etc/passwd", {}, "file_key"),
        ("/etc/passwd", {}, "file_key"),
        ("a\x00b", {}, "file_key"),
        ("x" * 2000, {}, "file_key"),
        ("a", {"storage": "other"}, "storage"),
        ("a", {"s3_resource_path": "u/alice/s3"}, "s3_resource_path"),
        ("a", {"content_type": "text/html\r\nX: y"}, "content_type"),
        ("a", {"content_disposition": "inline"}, "content_disposition"),
        (None, {"file_extension": "/../x"}, "file_extension"),
    ],
)
async def test_odd_requests_are_refused_with_the_field(
    api: Api, tmp_path: Path, key: str | None, query: dict[str, str], field: str
):
    answer = await upload(api.alice, key, b"1", **query)
    assert answer.status_code == 400
    assert answer.text.startswith(f"{field}: ")
    assert not files(tmp_path)
    assert (await download(api.alice, key or "..")).status_code in (400, 404)


async def test_a_workspace_sees_its_own_files_and_operators_none(
    api: Api, owner: asyncpg.Connection, worker: PlayedWorker
):
    await upload(api.alice, "mine")
    await make_workspace(owner, "other")
    await make_member(owner, "eve", "other", is_admin=True)
    await api.sign_in("eve", "eve@other.test")
    assert (await api.eve.get(HELPERS + "list_stored_files", params={"max_keys": 5})).status_code == 404
    elsewhere = HELPERS.replace("/acme/", "/other/")
    answer = await api.eve.get(elsewhere + "download_s3_file", params={"file_key": "mine"})
    assert answer.status_code == 404
    await make_member(owner, "oskar", operator=True)
    await api.sign_in("oskar", "oskar@acme.test")
    for answer in (await upload(api.oskar, "x"), await download(api.oskar, "mine")):
        assert answer.status_code == 403
    assert (await upload(api.anonymous, "x")).status_code == 401

    await deploy(api.alice, "u/alice/script")
    await run(api.alice, "u/alice/script")
    job = api.client((await worker.take()).token)
    assert (await download(job, "mine")).content == b"1"
    assert (await upload(job, "by a job")).status_code == 200
    await job.aclose()


async def test_a_cookie_alone_does_not_make_a_form_an_upload(api: Api):
    cookie = {"Cookie": f"token={api.tokens['alice']}", "Content-Type": "text/plain"}
    answer = await api.anonymous.post(HELPERS + "upload_s3_file", content=b"1", headers=cookie)
    assert answer.status_code == 400


async def test_the_store_is_tried_out_and_says_when_it_is_away(api: Api, tmp_path: Path):
    assert await ask(api.alice, "test_connection") is True
    assert not files(tmp_path)
    (tmp_path / "blobs").rename(tmp_path / "unmounted")
    assert (await api.alice.get(HELPERS + "test_connection")).status_code == 503
    assert (await upload(api.alice, "a")).status_code == 503


async def test_the_bucket_of_a_resource_is_told_to_those_who_may_read_it(api: Api):
    bucket = {
        "bucket": "b", "region": "r", "endPoint": "http://s3.test:9/", "useSSL": False, "pathStyle": True,
        "accessKey": "key", "secretKey": "it's secret",
    }  # fmt: skip
    for name, value in (("s3", bucket), ("odd", {"bucket": "b"})):
        body = {"path": f"u/alice/{name}", "resource_type": "s3", "value": value}
        answer = await api.alice.post(in_workspace("resources/create"), json=body)
        assert answer.status_code == 201

    async def tell(caller: httpx.AsyncClient, route: str, path: str | None = "u/alice/s3") -> httpx.Response:
        return await caller.post(HELPERS + f"v2/{route}", json={"s3_resource_path": path} if path else {})

    assert (await tell(api.alice, "s3_resource_info", "$res:u/alice/s3")).json() == bucket
    polars = (await tell(api.alice, "polars_connection_settings")).json()
    assert polars["s3fs_args"]["endpoint_url"] == "http://s3.test:9"
    assert polars["storage_options"]["aws_secret_access_key"] == "it's secret"
    statements = (await tell(api.alice, "duckdb_connection_settings")).json()["connection_settings_str"]
    assert "SET s3_secret_access_key='it''s secret';" in statements
    assert (await tell(api.bob, "s3_resource_info")).status_code == 404
    for path, field in ((None, "is needed"), ("u/alice/odd", "region is missing"), ("../x", "path")):
        answer = await tell(api.alice, "s3_resource_info", path)
        assert (answer.status_code, field in answer.text) == (400, True), answer.text
    assert await ask(api.alice, "v2/s3_proxy_bucket") == {"bucket": None}


async def test_a_link_needs_no_token_and_leads_nowhere_else(api: Api):
    for key in ("picture.png", "page.html"):
        kind = "image/png" if key.endswith("png") else "text/html"
        await upload(api.alice, key, b"<script>", content_type=kind)
    wanted = {"s3_objects": [{"s3": "picture.png", "storage": None}, {"s3": "page.html"}], "expiry_secs": 1}
    answer = await api.alice.post(in_workspace("apps/sign_s3_objects"), json=wanted)
    picture, page = answer.json()
    assert picture.keys() == {"s3", "presigned"}

    async def follow(key: str, query: str, workspace: str = "acme") -> httpx.Response:
        return await api.anonymous.get(f"/w/{workspace}/s3_proxy/_default_/{key}?{query}")

    answer = await follow("picture.png", picture["presigned"])
    assert (answer.status_code, answer.content) == (200, b"<script>")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline")
    answer = await follow("page.html", page["presigned"])
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    for key, query in (
        ("page.html", picture["presigned"]),
        ("picture.png", picture["presigned"].replace("exp=1", "exp=2")),
        ("picture.png", "exp=1&sig=" + picture["presigned"].partition("sig=")[2]),
        ("picture.png", "exp=99999999999&sig=ä"),
    ):
        assert (await follow(key, query)).status_code == 403
    assert (await follow("picture.png", picture["presigned"], "other")).status_code == 403
    assert (await follow("picture.png", "")).status_code == 400
    answer = await api.alice.post(in_workspace("apps/sign_s3_objects"), json={"s3_objects": [{"s3": "../x"}]})
    assert answer.status_code == 400
