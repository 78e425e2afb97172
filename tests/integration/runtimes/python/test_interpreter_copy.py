"""An interpreter that jobs run on can be run by jobs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.runtimes.base import Folders
from headrace.runtimes.python.interpreter import (
    PythonInterpreter,
    Unusable,
    base_interpreter,
    look_at,
)
from headrace.runtimes.python.interpreter_copy import make_usable
from headrace.runtimes.runner_files import place_runner

UID = 64_999
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as another uid")


async def find_interpreter(folders: Folders, uid: int | None) -> PythonInterpreter:
    return await make_usable(look_at(base_interpreter()), folders, uid, place_runner(folders.shared))


def can_run(path: Path) -> bool:
    """Whether the uid of jobs can run a program."""
    try:
        command = [path, "-I", "-c", "import json"]
        done = subprocess.run(command, user=UID, group=UID, extra_groups=[], cwd="/", check=False)
    except PermissionError:
        return False
    return done.returncode == 0


def printed_by_a_job(interpreter: PythonInterpreter, program: str) -> str:
    """What a program prints when it runs as jobs do."""
    return subprocess.check_output(
        [interpreter.path, "-I", "-S", "-B", "-c", program],
        user=UID,
        group=UID,
        extra_groups=[],
        cwd="/",
        env=interpreter.environ,
        text=True,
    )


@pytest.fixture
def folders() -> Iterator[Folders]:
    """Folders that everybody can reach, unlike those of pytest."""
    root = Path(tempfile.mkdtemp(dir="/tmp"))
    root.chmod(0o755)
    (root / "shared").mkdir(mode=0o755)
    yield Folders(root / "shared", root / "cache", root / "jobs")
    shutil.rmtree(root)


@pytest.fixture
def private_base() -> None:
    if can_run(base_interpreter()):
        pytest.skip("everybody can run this machine's interpreter, so none is copied")


async def test_jobs_that_keep_the_uid_of_the_worker_run_its_own_interpreter(folders: Folders):
    found = await find_interpreter(folders, None)
    assert (found.path, found.version, found.environ) == (base_interpreter(), VERSION, {})
    assert not (folders.shared / "interpreters").exists()


@as_root
async def test_jobs_of_another_uid_can_run_what_is_found(folders: Folders):
    found = await find_interpreter(folders, UID)
    program = "import sys, os, ssl, sqlite3, decimal, asyncio; print(os.getuid(), *sys.version_info[:2])"
    shown = printed_by_a_job(found, program)
    assert shown.split() == [str(UID), *VERSION.split(".")]


@as_root
@pytest.mark.usefixtures("private_base")
async def test_a_private_interpreter_is_copied_once(folders: Folders):
    first = await find_interpreter(folders, UID)
    inode = first.path.stat().st_ino
    second = await find_interpreter(folders, UID)
    assert second == first
    assert second.path.stat().st_ino == inode
    assert first.path.is_relative_to(folders.shared / "interpreters")
    library = first.path.parents[1] / "lib" / f"python{VERSION}"
    assert list((library / "json" / "__pycache__").glob("*.pyc"))
    assert not (library / "site-packages").exists()
    assert not (library / "test").exists()
    assert list((first.path.parents[1] / "include").rglob("Python.h"))


@as_root
@pytest.mark.usefixtures("private_base")
async def test_the_copy_uses_nothing_of_the_private_folder(folders: Folders):
    found = await find_interpreter(folders, UID)
    program = (
        "import sys, json; print(*sys.path, json.__file__, sys.prefix); print(open('/proc/self/maps').read())"
    )
    shown = printed_by_a_job(found, program)
    assert sys.base_prefix not in shown


@as_root
@pytest.mark.usefixtures("private_base")
async def test_a_shared_folder_that_jobs_can_not_reach_is_told(folders: Folders):
    runner = place_runner(folders.shared)
    folders.shared.chmod(0o700)
    with pytest.raises(Unusable, match=f"jobs \\(uid {UID}\\) can run neither"):
        await make_usable(look_at(base_interpreter()), folders, UID, runner)
