"""What comes of a job besides its result, with a real worker: streams, labels, progress, other functions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.acceptance.commands import Up
from tests.acceptance.jobs import (
    PATIENCE_SECONDS,
    deploy,
    ended,
    error_of,
    log_of,
    news_of,
    preview,
    result_of,
    text_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

STREAMING = """
import socket
def main(port: int):
    yield "one "
    yield "two\\n"
    socket.create_connection(("127.0.0.1", port)).recv(1)
    yield "three"
"""
# As the public client prints it.
PRINTING = """
def append(text):
    print("WM_STREAM: {}".format(text.replace(chr(10), "\\\\n")))
def main(answer):
    print("before")
    for word in ("one ", "two\\n", "three"):
        append(word)
    print("after")
    return answer
"""
TASKS = """
import wmill

@wmill.task()
def square(n: int):
    return n * n

def main():
    import os
    wmill.set_progress(40)
    wmill.set_progress(10)
    seen = wmill.get_progress()
    wmill.stream_result(iter(["a", "\\n", "b"]))
    return {"square": square(4), "progress": seen, "override": os.environ.get("MAIN_OVERRIDE"),
            "wm_labels": ["from the result"]}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def api(server: Up) -> AsyncIterator[httpx.AsyncClient]:
    async with server.in_workspace() as client:
        yield client


async def test_a_generator_streams_while_it_runs_and_its_stream_is_the_result(api: httpx.AsyncClient):
    may_go_on = asyncio.Event()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await may_go_on.wait()
        writer.write(b"go")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        job = await preview(api, STREAMING, port=listening.sockets[0].getsockname()[1])
        query: dict[str, Any] = {"running": True, "no_logs": True, "stream_offset": 0}
        stream = ""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while stream != "one two\n":
                news = (await api.get(f"/jobs_u/getupdate/{job}", params=query)).json()
                stream += news.get("new_result_stream", "")
                query["stream_offset"] = news["stream_offset"]
        may_go_on.set()
        assert await result_of(api, job) == "one two\nthree"


async def test_lines_of_the_stream_are_no_log_and_join_the_result(api: httpx.AsyncClient):
    answers: list[tuple[Any, Any]] = [
        (None, "one two\nthree"),
        ({"n": 1}, {"n": 1, "wm_stream": "one two\nthree"}),
        ([1], [1]),
    ]
    jobs = [await preview(api, PRINTING, answer=answer) for answer, _ in answers]
    for job, (_, wanted) in zip(jobs, answers, strict=True):
        assert await result_of(api, job) == wanted
        log = await log_of(api, job)
        assert log.startswith("before\nafter\n")
        assert "WM_STREAM" not in log
    assert "the stream is not kept" in await log_of(api, jobs[-1])


async def test_a_stream_without_end_fails_its_job(api: httpx.AsyncClient):
    code = "def main():\n    while True:\n        yield 'x' * 1_000_000\n"
    error = await error_of(api, await preview(api, code))
    assert error["name"] == "ResultTooLarge"
    assert "result_limit_mb" in error["message"]


async def test_a_result_too_large_for_its_row_is_read_like_any_other(api: httpx.AsyncClient, server: Up):
    job = await preview(api, "def main(n: int):\n    return {'text': 'é' * n}\n", n=1_500_000)
    assert await result_of(api, job) == {"text": "é" * 1_500_000}
    [file] = [path for path in (server.data_dir / "blobs" / "results").rglob("*") if path.is_file()]
    assert job in str(file)
    # A wrong byte at its end is not handed on: the answer has begun, so it breaks off.
    await asyncio.to_thread(file.write_bytes, file.read_bytes()[:-1] + b"!")
    with pytest.raises(httpx.RemoteProtocolError):
        await api.get(f"/jobs_u/completed/get_result/{job}")


async def test_the_public_client_tells_progress_streams_and_starts_tasks(api: httpx.AsyncClient):
    await deploy(api, "u/admin/tasks", TASKS, labels=["from the script"])
    job = text_of(await api.post("/jobs/run/p/u/admin/tasks", json={}), 201)
    record = await ended(api, job)
    assert record["success"], record
    result = record["result"]
    assert (result["square"], result["progress"], result["override"]) == (16, 40, None)
    assert result["wm_stream"] == "a\nb"
    assert record["labels"] == ["from the result", "from the script"]
    assert (await api.get(f"/job_metrics/get_progress/{job}")).json() == 100
    children = (await api.get("/jobs/list", params={"parent_job": job})).json()
    assert [child["entrypoint"] for child in children] == ["square"]
    found = (await api.get("/jobs/list", params={"label": "from the result"})).json()
    assert [item["id"] for item in found] == [job]


async def test_a_webhook_goes_through_the_preprocessor(api: httpx.AsyncClient):
    code = (
        "def preprocessor(event):\n"
        "    return {'name': event['body']['user'], 'how': event['kind'], 'q': event['query'].get('q')}\n"
        "def main(name: str, how: str = 'by hand', q=None):\n"
        "    return [name, how, q]\n"
    )
    await deploy(api, "u/admin/hooked", code)
    answer = await api.post("/jobs/run_wait_result/p/u/admin/hooked?q=1", json={"user": "ada"})
    assert answer.json() == ["ada", "webhook", "1"]
    job = text_of(await api.post("/jobs/run/p/u/admin/hooked", json={"user": "ada"}), 201)
    record = await ended(api, job)
    assert (record["args"], record["preprocessed"]) == ({"name": "ada", "how": "webhook", "q": None}, True)
    skipping = "/jobs/run/p/u/admin/hooked?skip_preprocessor=true"
    job = text_of(await api.post(skipping, json={"name": "ada"}), 201)
    assert await result_of(api, job) == ["ada", "by hand", None]


async def test_a_preprocessor_whose_arguments_cannot_be_stored_fails_its_job(api: httpx.AsyncClient):
    code = "def preprocessor(event): return {'x': '\\0' * 3}\ndef main(x): return 'ran'\n"
    await deploy(api, "u/admin/unkept", code)
    error = await error_of(api, text_of(await api.post("/jobs/run/p/u/admin/unkept", json={}), 201))
    assert error["name"] == "InvalidResult"
    assert "preprocessor" in error["message"]


DATA = """
# requirements:
# numpy
# pandas
# polars
# pyarrow
# pydantic
# attrs
# msgspec
import datetime as dt
import decimal
import attrs, msgspec, numpy as np, pandas as pd, polars as pl, pyarrow as pa, pydantic

class Model(pydantic.BaseModel):
    when: dt.date
@attrs.define
class Attrs:
    x: int
class Struct(msgspec.Struct):
    y: int

def main():
    frame = pd.DataFrame({
        "n": [1, 2], "x": [1.5, None], "t": pd.to_datetime(["2026-01-02", None]),
        "c": pd.Categorical(["a", "b"]), "i": pd.array([1, None], dtype="Int64"),
    })
    return {
        "scalars": [np.int64(3), np.float32(1.5), np.bool_(True), np.float64("nan"), np.array(3)],
        "arrays": [np.array([[1, 2]]), np.array([1.0, np.nan]), np.array(["a"])],
        "moments": [np.datetime64("2026-01-02"), np.array(["NaT"], dtype="datetime64[ns]"),
                    np.timedelta64(90, "s")],
        "frame": frame, "grouped": frame.groupby("c", observed=True)[["n"]].sum(), "series": frame["x"],
        "counted": frame["c"].value_counts(), "index": pd.Index([1, 2]),
        "pandas": [pd.Timestamp("2026-01-02", tz="UTC"), pd.NaT, pd.NA, pd.Timedelta("1h"),
                   pd.Interval(1, 2)],
        "polars": [pl.DataFrame({"d": [dt.date(2026, 1, 2)]}), pl.Series([1, None])],
        "arrow": [pa.table({"d": [decimal.Decimal("1.10")]}), pa.array([1]), pa.scalar(5)],
        "classes": [Model(when=dt.date(2026, 1, 2)), Attrs(1), Struct(2)],
    }
"""


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_what_data_packages_give_has_the_form_that_the_documents_say(api: httpx.AsyncClient):
    job = await preview(api, DATA)
    async with asyncio.timeout(280):  # most of it for the packages to come
        async for news in news_of(api, job):
            if news["completed"]:
                break
    row = {"n": 1, "x": 1.5, "t": "2026-01-02T00:00:00", "c": "a", "i": 1}
    assert await result_of(api, job) == {
        "scalars": [3, 1.5, True, None, 3],
        "arrays": [[[1, 2]], [1.0, None], ["a"]],
        "moments": ["2026-01-02", [None], "PT90S"],
        "frame": [row, {"n": 2, "x": None, "t": None, "c": "b", "i": None}],
        "grouped": [{"c": "a", "n": 1}, {"c": "b", "n": 2}],
        "series": [1.5, None],
        "counted": {"a": 1, "b": 1},
        "index": [1, 2],
        "pandas": ["2026-01-02T00:00:00+00:00", None, None, "P0DT1H0M0S", "(1, 2]"],
        "polars": [[{"d": "2026-01-02"}], [1, None]],
        "arrow": [[{"d": 1.1}], [1], 5],
        "classes": [{"when": "2026-01-02"}, {"x": 1}, {"y": 2}],
    }
