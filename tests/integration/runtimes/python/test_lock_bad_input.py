"""What is asked for badly, and indexes that misbehave: a clear sentence, and nothing is poisoned."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headrace.runtimes.base import DependenciesFailed, Folders, LockFailed
from headrace.runtimes.python.environments import PythonEnvironments
from headrace.runtimes.python.interpreter import own_interpreter
from headrace.runtimes.python.lock import lock_python, read_lock
from headrace.runtimes.python.uv import UvTool
from headrace.sandbox.cage import Cage, Isolation
from tests.integration.runtimes.python.local_index import (
    Fault,
    LocalIndex,
    broken,
    changed_files,
    garbage,
    local_index,
    truncated_files,
    truncated_pages,
)
from tests.integration.runtimes.python.tools import KeptLog

VERSION = own_interpreter().version
CAGE = Cage(Isolation.PROCESS, None)
GOOD = ["app", "six==1.0"]
BY = {
    "six==1.0": ("f/a/main", "f/a/b"),
    "six==2.0": ("f/a/c",),
    "app": ("f/a/main",),
    "future": ("f/a/b",),
}


@pytest.fixture
async def index() -> AsyncIterator[LocalIndex]:
    async with local_index() as made:
        for version in ("1.0", "2.0"):
            made.add("six", version)
        made.add("app", "1.0", requires=["six<2"])
        made.add("future", "1.0", requires=["six>=2"])
        yield made


async def lock(uv: UvTool, requirements: list[str], log: KeptLog | None = None) -> str:
    return await lock_python(uv, requirements, VERSION, log or KeptLog(), asyncio.Event(), origins=BY)


async def failure(uv: UvTool, requirements: list[str]) -> str:
    """Why these can't be locked."""
    with pytest.raises(LockFailed) as raised:
        await lock(uv, requirements)
    return str(raised.value)


def is_good(lock: str) -> bool:
    names = re.findall(r"^(\S+==\S+)", lock, re.MULTILINE)
    return names == ["app==1.0", "six==1.0"] and read_lock(lock).is_hashed


async def test_two_machines_give_the_same_lock_to_the_byte(index: LocalIndex, tmp_path: Path):
    one, other = (index.uv(tmp_path / name) for name in ("one", "other"))
    first = await lock(one, GOOD)
    assert is_good(first)
    assert await lock(other, GOOD) == first
    assert await lock(other, GOOD[::-1]) == first
    assert await lock(one, GOOD) == first
    assert "127.0.0.1" not in first
    assert str(tmp_path) not in first


async def test_the_log_says_what_is_resolved_for_whom_and_what_came_of_it(index: LocalIndex, tmp_path: Path):
    log = KeptLog()
    await lock(index.uv(tmp_path), GOOD, log)
    assert log.text.startswith(
        f"Resolving for Python {VERSION}:\n  app (from f/a/main)\n  six==1.0 (from f/a/main, f/a/b)\n"
    )
    assert re.search(r"^Locked 2 packages in \d+\.\d seconds\.$", log.text, re.MULTILINE)


async def test_where_the_index_tells_no_hashes_they_are_computed(index: LocalIndex, tmp_path: Path):
    with_hashes = await lock(index.uv(tmp_path / "one"), GOOD)
    index.has_hashes = False
    assert await lock(index.uv(tmp_path / "other"), GOOD) == with_hashes


@pytest.mark.parametrize("line", ["SIX==1.0", "six == 1.0", "Six[socks]==1.0 ; python_version >= '3'"])
async def test_names_are_compared_as_an_index_writes_them(index: LocalIndex, tmp_path: Path, line: str):
    assert is_good(await lock(index.uv(tmp_path), ["APP", line, "six"]))


@pytest.mark.parametrize(
    ("requirements", "reason"),
    [
        (
            ["six==1.0", "six==2.0"],
            """No solution found: you require six==1.0 and six==2.0.
            (six==1.0 is asked for by f/a/main, f/a/b; six==2.0 is asked for by f/a/c)""",
        ),
        (
            ["app", "six==2.0"],
            """No solution found: all versions of app depend on six<2 and you require app, so you require
            six<2. But you require six==2.0. (app is asked for by f/a/main; six==2.0 is asked for by
            f/a/c)""",
        ),
        (
            ["app", "future"],
            """all versions of future depend on six>=2 and all versions of app depend on six<2, so all
                versions of app and all versions of future are incompatible. But you require app and future.
                (app is asked for by f/a/main; future is asked for by f/a/b)""",
        ),
        (["six==9"], "No solution found: there is no version of six==9 and you require six==9."),
        (
            ["nothing-of-the-kind"],
            """nothing-of-the-kind was not found in the package registry and you require nothing-of-the-kind.
            If an import comes with a package of another name, say so beside it: import x # pin: name.""",
        ),
        (["six ; python_version >= '4'", "six>2"], "only six<=2.0 is available"),
    ],
)
async def test_what_can_not_be_had_is_told_and_spoils_nothing(
    index: LocalIndex, tmp_path: Path, requirements: list[str], reason: str
):
    """Written over several lines here, told in one."""
    uv = index.uv(tmp_path)
    assert " ".join(reason.split()) in await failure(uv, requirements)
    assert is_good(await lock(uv, GOOD))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (broken(500), "the package index gave no proper answer: Failed to fetch: .* server error .500"),
        (broken(503), "the package index gave no proper answer: Failed to fetch: .* server error .503"),
        (broken(403), "returned a 403 Forbidden error. Check .* the credentials are valid"),
        (garbage, "there is no version of six==1.0"),
        (truncated_pages, "the package index gave no proper answer: .* end of file before"),
        (truncated_files, "The structure of `six` .v1.0. was invalid"),
    ],
    ids=["500", "503", "403", "garbage", "half a page", "half a file"],
)
async def test_an_index_that_misbehaves_is_told_and_spoils_nothing(
    index: LocalIndex, tmp_path: Path, fault: Fault, reason: str
):
    uv = index.uv(tmp_path)
    index.fault = fault
    told = await failure(uv, GOOD)
    assert re.search(reason, told)
    index.fault = None
    assert is_good(await lock(uv, GOOD))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (changed_files, "Hash mismatch for `(?:app|six)==1.0`"),
        (truncated_files, "end of file before message length reached"),
        (broken(500), "500"),
        (broken(404), "was not found in the package registry"),
    ],
    ids=["another file", "half a file", "500", "404"],
)
async def test_a_file_that_is_not_the_one_of_the_lock_is_refused_and_spoils_nothing(
    index: LocalIndex, tmp_path: Path, fault: Fault, reason: str
):
    made = await lock(index.uv(tmp_path / "one"), GOOD)
    folders = Folders(tmp_path / "shared", tmp_path / "cache", tmp_path / "jobs")
    environments = PythonEnvironments(folders, index.uv(folders.cache))
    index.fault = fault
    with pytest.raises(DependenciesFailed, match=reason):
        await environments.ensure(made, own_interpreter(), CAGE, KeptLog(), asyncio.Event())
    index.fault = None
    environment = await environments.ensure(made, own_interpreter(), CAGE, KeptLog(), asyncio.Event())
    assert environment is not None
    assert "VERSION = '1.0'" in (environment.path / "six.py").read_text()


async def test_an_index_that_is_away_is_told_and_spoils_nothing(index: LocalIndex, tmp_path: Path):
    uv = index.uv(tmp_path)
    away = dataclasses.replace(uv, environ=uv.environ | {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple"})
    assert "the package index can't be reached" in await failure(away, GOOD)
    assert is_good(await lock(uv, GOOD))


async def test_a_lock_of_the_public_client_is_installed_though_it_has_no_hashes(
    index: LocalIndex, tmp_path: Path
):
    folders = Folders(tmp_path / "shared", tmp_path / "cache", tmp_path / "jobs")
    environments = PythonEnvironments(folders, index.uv(folders.cache))
    log = KeptLog()
    given = f"# py: {VERSION}\nsix==2.0\n"
    environment = await environments.ensure(given, own_interpreter(), CAGE, log, asyncio.Event())
    assert environment is not None
    assert (environment.path / "six.py").exists()
    assert "The lock has no hashes" in log.text
