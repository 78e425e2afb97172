"""Places where scripts are tried: an account of the worker, and the level at which it keeps its jobs.

At a place of another account the bench stands in a process of its own, ``python -m tests.conformance.stage``,
which is told by lines of JSON what to run, and answers each by one.
"""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from headrace.cli.checkups.finding import tried
from headrace.runtimes.python.interpreter import base_interpreter
from headrace.sandbox.cage import Isolation
from tests.conformance.ways import Play, Told, open_bench, why_not

TREE = Path(__file__).parents[2]
_ORDINARY = "nobody"
"""An account that every machine has; PostgreSQL wants to be run by one that there is."""


@dataclass(frozen=True)
class Place:
    """An account, and a level."""

    account: str
    level: Isolation

    def __str__(self) -> str:
        return f"{self.account} at {self.level}"


ROOT_SANDBOX = Place("root", Isolation.SANDBOX)
ROOT_PROCESS = Place("root", Isolation.PROCESS)
USER_SANDBOX = Place("user", Isolation.SANDBOX)
USER_PROCESS = Place("user", Isolation.PROCESS)
PLACES = (ROOT_SANDBOX, ROOT_PROCESS, USER_SANDBOX, USER_PROCESS)


@dataclass(frozen=True)
class Stage:
    """Runs scripts at one place. ``pid`` is the worker's process, ``root`` holds the worker's folders."""

    place: Place
    pid: int
    root: Path
    play: Callable[[Play], Coroutine[Any, Any, Told]]
    """Runs one to its end, beside a neighbour if it has one."""


@asynccontextmanager
async def open_stage(place: Place, root: Path) -> AsyncIterator[Stage]:
    """A stage at a place; skips the test, with the reason, where this machine has no such place."""
    is_root = os.geteuid() == 0
    if place.account == "root" and not is_root:
        pytest.skip("the tests are not run by root")
    opening = _open_for_user(place, root) if place.account == "user" and is_root else _open_here(place, root)
    async with opening as stage:
        yield stage


@asynccontextmanager
async def _open_here(place: Place, root: Path) -> AsyncIterator[Stage]:
    if reason := await why_not(place.level):
        pytest.skip(f"{place}: {reason}")
    async with open_bench(root, place.level) as bench:
        yield Stage(place, os.getpid(), root, bench.play)


@asynccontextmanager
async def _open_for_user(place: Place, root: Path) -> AsyncIterator[Stage]:
    own = own_folder(root)
    process = await start_as_user(own, "tests.conformance.stage", own, place.level)
    asked, answers = process.stdin, process.stdout
    assert asked is not None
    assert answers is not None

    async def play(play: Play) -> Told:
        asked.write(json.dumps(asdict(play)).encode() + b"\n")
        line = await answers.readline()
        assert line, f"{place}: its process has ended"
        return Told(**json.loads(line))

    try:
        if reason := json.loads(await answers.readline()):
            pytest.skip(f"{place}: {reason}")
        yield Stage(place, process.pid, own, play)
    finally:
        asked.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            raise


def own_folder(root: Path) -> Path:
    """The folder of the ordinary user below one, made if it is not there."""
    own = root / _ORDINARY
    own.mkdir(exist_ok=True)
    shutil.chown(own, _ORDINARY)
    return own


async def start_as_user(
    home: Path, module: str, *arguments: str | Path, stderr: int | None = None, **more: str
) -> asyncio.subprocess.Process:
    """Run a module as an ordinary user; skips the test where none can run this version of Python.

    ``more`` is added to its environment.
    """
    account = pwd.getpwnam(_ORDINARY)
    environ = {
        "PYTHONPATH": os.pathsep.join([str(TREE), *sys.path[1:]]),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
    }
    return await asyncio.create_subprocess_exec(
        _interpreter(account.pw_uid), "-P", "-B", "-m", module, *arguments,
        env=environ | more,
        cwd="/",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
        limit=1 << 24,
    )  # fmt: skip


def _interpreter(uid: int) -> str:
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for program in (str(base_interpreter()), shutil.which(name, path="/usr/local/bin:/usr/bin")):
        reads = f"open({str(TREE / 'pyproject.toml')!r})"
        if program and tried([program, "-I", "-c", reads], uid) is not None:
            return program
    pytest.skip(f"no ordinary user can run {name} on this machine, or read the source of Headrace")


async def _serve(root: Path, level: str) -> None:
    """Be the other process: answer why the level can't be had, or nothing; then play what is asked for."""
    reason = await why_not(level)
    print(json.dumps(reason), flush=True)
    if reason:
        return
    async with open_bench(root, level) as bench:
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(asdict(await bench.play(Play(**json.loads(line))))), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), sys.argv[2]))
