"""From requirements to a lock, with the real uv."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from headrace.runtimes.base import DependenciesFailed, LockFailed
from headrace.runtimes.python.lock import lock_python, read_lock
from headrace.runtimes.python.uv import UvTool
from tests.integration.runtimes.python.tools import (
    SIX,
    KeptLog,
    silent_index,
    uv_with_index,
    uv_without_network,
)

HASH = "--hash=sha256:" + "0" * 64


async def test_a_lock_names_its_python_and_each_version_with_hashes(tmp_path: Path):
    log = KeptLog()
    lock = await lock_python(UvTool.find(tmp_path), ["httpx"], "3.11", log, asyncio.Event())

    lines = lock.splitlines()
    assert lines[0] == "# python 3.11"
    assert {line.split("==")[0] for line in lines if "==" in line} >= {"httpx", "httpcore", "anyio", "idna"}
    assert "--hash=sha256:" in lock
    assert "://" not in lock
    assert "Resolved" in log.text
    parsed = read_lock(lock)
    assert (parsed.python_version, parsed.is_hashed) == ("3.11", True)
    assert len(parsed.packages) == lock.count("==")


async def test_a_script_that_asks_for_nothing_is_locked_without_uv(tmp_path: Path):
    missing = dataclasses.replace(UvTool.find(tmp_path), program=tmp_path / "missing")
    assert await lock_python(missing, [], "3.12", KeptLog(), asyncio.Event()) == "# python 3.12\n"


async def test_what_can_not_be_resolved_fails_with_the_reason_of_uv(tmp_path: Path):
    log = KeptLog()
    with pytest.raises(LockFailed) as raised:
        await lock_python(UvTool.find(tmp_path), ["six==99"], "3.11", log, asyncio.Event())
    reason = str(raised.value)
    assert reason.startswith("No solution found")
    assert "there is no version of six==99" in reason
    assert "\n" not in reason
    assert "six==99" in log.text


async def test_without_network_it_says_so_and_keeps_the_password(tmp_path: Path):
    log = KeptLog()
    uv = uv_without_network(tmp_path)
    with pytest.raises(LockFailed, match="the package index can't be reached") as raised:
        await lock_python(uv, SIX, "3.11", log, asyncio.Event())
    assert "127.0.0.1:9" in log.text
    assert "very-secret" not in log.text + str(raised.value) + repr(uv)


async def test_a_password_in_a_requirement_is_kept_out_of_the_log(tmp_path: Path):
    log = KeptLog()
    asked = ["x @ http://someone:very-secret@127.0.0.1:9/x-1-py3-none-any.whl"]
    with pytest.raises(LockFailed) as raised:
        await lock_python(uv_without_network(tmp_path), asked, "3.11", log, asyncio.Event())
    assert "***@127.0.0.1:9" in log.text
    assert "very-secret" not in log.text + str(raised.value)


async def test_canceling_ends_uv(tmp_path: Path):
    canceled = asyncio.Event()
    async with silent_index() as index:
        locking = asyncio.create_task(
            lock_python(uv_with_index(tmp_path, index.url), SIX, "3.11", KeptLog(), canceled)
        )
        await index.connected.wait()
        canceled.set()
        with pytest.raises(LockFailed, match="canceled"):
            await locking
        await index.lost.wait()


async def test_a_worker_that_gives_up_ends_uv(tmp_path: Path):
    async with silent_index() as index:
        locking = asyncio.create_task(
            lock_python(uv_with_index(tmp_path, index.url), SIX, "3.11", KeptLog(), asyncio.Event())
        )
        await index.connected.wait()
        locking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await locking
        await index.lost.wait()


def test_uv_is_given_the_index_that_pip_is_set_to(tmp_path: Path):
    found = UvTool.find(tmp_path, {"PIP_INDEX_URL": "http://127.0.0.1:9/pip"})
    assert found.environ["UV_DEFAULT_INDEX"] == "http://127.0.0.1:9/pip"


@pytest.mark.parametrize("name", ["UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_an_index_set_for_uv_goes_before_that_of_pip(tmp_path: Path, name: str):
    found = UvTool.find(tmp_path, {"PIP_INDEX_URL": "http://127.0.0.1:9/pip", name: "http://127.0.0.1:9/uv"})
    assert {key: value for key, value in found.environ.items() if "INDEX" in key} == {
        name: "http://127.0.0.1:9/uv"
    }


def test_the_secrets_of_the_worker_do_not_reach_uv(tmp_path: Path):
    found = UvTool.find(tmp_path, {"HEADRACE_DATABASE_URL": "x", "UV_INDEX_OURS_PASSWORD": "y", "PATH": "/"})
    assert "HEADRACE_DATABASE_URL" not in found.environ
    assert found.environ["UV_INDEX_OURS_PASSWORD"] == "y"


@pytest.mark.parametrize(
    ("header", "version"),
    [("# python 3.12", "3.12"), ("# py: 3.11", "3.11"), ("# py311", "3.11"), ("# made by hand", None)],
)
def test_the_header_of_a_lock_says_which_python_it_is_for(header: str, version: str | None):
    assert read_lock(f"{header}\nsix==1.17.0\n").python_version == version


def test_a_lock_that_somebody_made_elsewhere_can_be_read():
    lock = read_lock(
        f"six==1.17.0 \\\r\n    {HASH} \\\r\n    {HASH}\r\n    # via me\n\n"
        "colorama==0.4.6 ; sys_platform == 'win32'\n"
    )
    assert lock.packages == (f"six==1.17.0 {HASH} {HASH}", "colorama==0.4.6 ; sys_platform == 'win32'")
    assert not lock.is_hashed


@pytest.mark.parametrize(
    "line",
    [
        "--index-url http://127.0.0.1:9/simple",
        "-r /etc/passwd",
        "-e .",
        "six",
        "six>=1",
        "six==1.*",
        f"six==1.17.0 {HASH} --index-url=http://127.0.0.1:9",
        "x @ file:///etc/passwd",
    ],
)
def test_a_line_of_a_lock_that_is_no_exact_package_is_refused(line: str):
    with pytest.raises(DependenciesFailed, match="is no package with its version"):
        read_lock(f"# python 3.11\n{line}\n")


async def test_a_log_that_fails_ends_uv(tmp_path: Path):
    class FullLog(KeptLog):
        async def write(self, data: bytes) -> None:
            await super().write(data)
            if b"Resolving" not in data:
                raise OSError("no space left")

    requirements = ["x @ git+http://127.0.0.1:9/x.git", "six"]  # uv says that it fetches the first
    with pytest.raises(OSError, match="no space left"):
        await lock_python(UvTool.find(tmp_path), requirements, "3.11", FullLog(), asyncio.Event())
