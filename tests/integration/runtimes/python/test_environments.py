"""From a lock to a folder of packages, with the real uv."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.runtimes.base import DependenciesFailed, Folders
from headrace.runtimes.python.environments import PythonEnvironments
from headrace.runtimes.python.interpreter import own_interpreter
from headrace.runtimes.python.lock import lock_python
from headrace.runtimes.python.uv import UvTool
from headrace.sandbox.cage import Cage, Isolation
from tests.integration.runtimes.python.tools import (
    SIX,
    KeptLog,
    silent_index,
    uv_behind_a_dead_proxy,
    uv_with_index,
    uv_without_network,
)

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

WORKER = """
import asyncio, json, os, sys
from pathlib import Path
from headrace.runtimes.base import Folders
from headrace.runtimes.python.environments import PythonEnvironments
from headrace.runtimes.python.interpreter import own_interpreter
from headrace.runtimes.python.uv import UvTool
from headrace.sandbox.cage import Cage, Isolation

class Silent:
    async def write(self, data):
        pass

async def main():
    root, lock = json.loads(sys.argv[1])
    folders = Folders(Path(root, "shared"), Path(root, "cache"), Path(root, "jobs"))
    environments = PythonEnvironments(folders, UvTool.find(folders.cache))
    cage = Cage(Isolation.PROCESS, None)
    loan = await environments.ensure(lock, own_interpreter(), cage, Silent(), asyncio.Event())
    print(loan.path)

asyncio.run(main())
"""


def folders_in(root: Path, shared: str = "shared") -> Folders:
    return Folders(root / shared, root / "cache", root / "jobs")


@dataclasses.dataclass
class Here:
    """Environments for jobs that keep the account and the interpreter of the tests."""

    environments: PythonEnvironments

    async def ensure(self, lock: str, log: KeptLog, canceled: asyncio.Event) -> Path | None:
        cage = Cage(Isolation.PROCESS, None)
        loan = await self.environments.ensure(lock, own_interpreter(), cage, log, canceled)
        return loan.path if loan else None


def environments_in(root: Path, uv: UvTool | None = None, shared: str = "shared") -> Here:
    folders = folders_in(root, shared)
    return Here(PythonEnvironments(folders, uv or UvTool.find(folders.cache)))


def visible(root: Path) -> list[str]:
    return [path.name for path in (root / "shared" / "environments").glob("[!.]*")]


def aside(root: Path) -> list[Path]:
    """What is being made, or was left."""
    return [path for path in (root / "shared" / "environments" / ".making").iterdir() if path.is_dir()]


def printed_by(*command: str) -> str:
    return subprocess.check_output(command, text=True)


async def start_worker(root: Path, lock: str, **environ: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WORKER,
        json.dumps([str(root), lock]),
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE,
    )


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> str:
    uv = UvTool.find(tmp_path_factory.mktemp("cache"))
    return asyncio.run(lock_python(uv, SIX, VERSION, KeptLog(), asyncio.Event()))


async def test_the_packages_of_a_lock_can_be_imported(tmp_path: Path, lock: str):
    log = KeptLog()
    folder = await environments_in(tmp_path).ensure(lock, log, asyncio.Event())

    assert folder is not None
    program = "import sys; sys.path.insert(0, sys.argv[1]); import six; print(six.__file__, six.__version__)"
    shown = printed_by(sys.executable, "-I", "-S", "-c", program, str(folder))
    assert shown.split() == [str(folder / "six.py"), "1.17.0"]
    assert log.text.startswith("Installing 1 package …\n")
    assert "+ six==1.17.0" in log.text


async def test_jobs_can_read_an_environment_and_not_write_it(tmp_path: Path, lock: str):
    before = os.umask(0o077)
    try:
        folder = await environments_in(tmp_path).ensure(lock, KeptLog(), asyncio.Event())
    finally:
        os.umask(before)

    assert folder is not None
    paths = [folder, *folder.rglob("*")]
    modes = {path.stat().st_mode & 0o7777 for path in paths}
    assert modes <= {0o755, 0o644}
    assert list(folder.rglob("six.*.pyc"))
    assert {path.stat().st_nlink for path in paths if path.is_file()} == {1}
    assert folder.parent.stat().st_mode & 0o777 == 0o755
    assert (folder.parent / ".making").stat().st_mode & 0o777 == 0o700


async def test_a_lock_without_packages_needs_no_environment(tmp_path: Path):
    environments = environments_in(tmp_path)
    assert await environments.ensure("# python 3.11\n", KeptLog(), asyncio.Event()) is None
    assert await environments.ensure("", KeptLog(), asyncio.Event()) is None


async def test_an_environment_is_installed_once(tmp_path: Path, lock: str):
    first = await environments_in(tmp_path).ensure(lock, KeptLog(), asyncio.Event())
    no_uv = dataclasses.replace(UvTool.find(tmp_path), program=tmp_path / "missing")
    log = KeptLog()
    assert await environments_in(tmp_path, no_uv).ensure(lock, log, asyncio.Event()) == first
    assert not log.text


async def test_packages_in_the_cache_are_installed_without_network(tmp_path: Path, lock: str):
    await environments_in(tmp_path).ensure(lock, KeptLog(), asyncio.Event())
    without = uv_behind_a_dead_proxy(tmp_path / "cache")
    log = KeptLog()
    folder = await environments_in(tmp_path, without, "other").ensure(lock, log, asyncio.Event())
    assert folder is not None
    assert "+ six==1.17.0" in log.text
    assert (folder / "six.py").exists()


async def test_without_network_and_cache_it_says_so(tmp_path: Path, lock: str):
    log = KeptLog()
    with pytest.raises(DependenciesFailed, match="the package index can't be reached") as raised:
        await environments_in(tmp_path, uv_without_network(tmp_path)).ensure(lock, log, asyncio.Event())
    assert "very-secret" not in log.text + str(raised.value)
    assert visible(tmp_path) == []
    assert aside(tmp_path) == []


async def test_a_file_with_another_hash_is_refused(tmp_path: Path):
    forged = "# python " + VERSION + "\nsix==1.17.0 --hash=sha256:" + "0" * 64
    with pytest.raises(DependenciesFailed, match=r"[Hh]ash mismatch"):
        await environments_in(tmp_path).ensure(forged, KeptLog(), asyncio.Event())
    assert visible(tmp_path) == []


async def test_after_a_failure_the_next_one_tries_again(tmp_path: Path, lock: str):
    with pytest.raises(DependenciesFailed):
        await environments_in(tmp_path, uv_without_network(tmp_path / "cache")).ensure(
            lock, KeptLog(), asyncio.Event()
        )
    assert await environments_in(tmp_path).ensure(lock, KeptLog(), asyncio.Event())


async def test_a_lock_without_hashes_is_installed_and_says_so(tmp_path: Path):
    log = KeptLog()
    folder = await environments_in(tmp_path).ensure("six==1.17.0\n", log, asyncio.Event())
    assert folder is not None
    assert (folder / "six.py").exists()
    assert "no hashes" in log.text


async def test_a_lock_whose_packages_are_for_other_machines_gives_an_empty_environment(tmp_path: Path):
    folder = await environments_in(tmp_path).ensure(
        "six==1.17.0 ; sys_platform == 'win32'", KeptLog(), asyncio.Event()
    )
    assert folder is not None
    assert list(folder.iterdir()) == []


async def test_a_lock_for_another_python_is_refused(tmp_path: Path):
    with pytest.raises(DependenciesFailed, match=r"the lock is for Python 3\.9"):
        await environments_in(tmp_path).ensure("# python 3.9\nsix==1.17.0", KeptLog(), asyncio.Event())


async def test_jobs_that_want_the_same_at_once_share_one_installation(tmp_path: Path, lock: str):
    environments = environments_in(tmp_path)
    logs = [KeptLog() for _ in range(5)]
    found = await asyncio.gather(*(environments.ensure(lock, log, asyncio.Event()) for log in logs))
    assert len(set(found)) == 1
    assert sorted(log.text.split(" ")[0] for log in logs) == ["Installing", *["Waiting"] * 4]
    assert all("+ six==1.17.0" in log.text for log in logs)


async def test_workers_that_want_the_same_at_once_agree(tmp_path: Path, lock: str):
    workers = [await start_worker(tmp_path, lock) for _ in range(3)]
    answers = {(await worker.communicate())[0].decode().strip() for worker in workers}
    assert {worker.returncode for worker in workers} == {0}
    assert [Path(answer).name for answer in answers] == visible(tmp_path)
    assert aside(tmp_path) == []


async def test_an_installation_goes_on_until_its_last_job_is_canceled(tmp_path: Path, lock: str):
    first, second = asyncio.Event(), asyncio.Event()
    async with silent_index() as index:
        environments = environments_in(tmp_path, uv_with_index(tmp_path / "cache", index.url))
        one = asyncio.create_task(environments.ensure(lock, KeptLog(), first))
        two = asyncio.create_task(environments.ensure(lock, KeptLog(), second))
        await index.connected.wait()

        first.set()
        with pytest.raises(DependenciesFailed, match="canceled"):
            await one
        assert not index.lost.is_set()
        assert not two.done()

        second.set()
        with pytest.raises(DependenciesFailed, match="canceled"):
            await two
        await index.lost.wait()


async def test_a_job_that_comes_after_a_cancel_gets_its_environment(tmp_path: Path, lock: str):
    canceled = asyncio.Event()
    async with silent_index() as index:
        uv = uv_with_index(tmp_path / "cache", index.url)
        environments = environments_in(tmp_path, uv)
        one = asyncio.create_task(environments.ensure(lock, KeptLog(), canceled))
        await index.connected.wait()
        canceled.set()
        uv.environ["UV_DEFAULT_INDEX"] = UvTool.find(tmp_path).environ.get("UV_DEFAULT_INDEX", "")
        if not uv.environ["UV_DEFAULT_INDEX"]:
            del uv.environ["UV_DEFAULT_INDEX"]
        with pytest.raises(DependenciesFailed, match="canceled"):
            await one
        assert await environments.ensure(lock, KeptLog(), asyncio.Event())
    assert len(visible(tmp_path)) == 1


async def test_what_a_killed_worker_left_is_removed_by_the_next(tmp_path: Path, lock: str):
    """The uv of the killed worker writes on for a while: nobody may touch its folder until it ends."""
    async with silent_index() as index:
        worker = await start_worker(tmp_path, lock, UV_DEFAULT_INDEX=index.url, UV_HTTP_RETRIES="0")
        await index.connected.wait()
        worker.send_signal(signal.SIGKILL)
        await worker.communicate()
        assert len(aside(tmp_path)) == 1
        assert visible(tmp_path) == []

        canceled = asyncio.Event()
        log = KeptLog()
        waiting = asyncio.create_task(environments_in(tmp_path).ensure(lock, log, canceled))
        await log.began.wait()
        assert not index.lost.is_set()
        assert len(aside(tmp_path)) == 1
    # Now the index is gone, and with it the uv that waited for it.
    assert await waiting
    assert aside(tmp_path) == []


async def test_leftovers_of_other_locks_are_removed_too(tmp_path: Path, lock: str):
    left = tmp_path / "shared" / "environments" / ".making" / "0000"
    left.mkdir(parents=True)
    (left / "half.py").write_text("x")
    left.with_name("0000.lock").touch()
    await environments_in(tmp_path).ensure(lock, KeptLog(), asyncio.Event())
    assert aside(tmp_path) == []


async def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path, lock: str):
    (tmp_path / "shared").write_text("in the way")
    with pytest.raises(DependenciesFailed, match="can't be kept on this worker"):
        await environments_in(tmp_path).ensure(lock, KeptLog(), asyncio.Event())
