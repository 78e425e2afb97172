"""How an installation is seen by the jobs that wait for it, and what it does on a disk that is full."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from headrace.model.outcome import Status
from headrace.runtimes.base import Attempt, Code, DependenciesFailed, Folders, Runtime
from headrace.runtimes.python.interpreter import own_interpreter
from headrace.runtimes.registry import make_runtimes
from headrace.sandbox.cage import Cage, Isolation, Stop
from headrace.sandbox.slots import Slots
from headrace.settings import Settings
from tests.ground.index import LocalIndex, local_index, make_wheel
from tests.ground.installer import Installer, Log, imported

CAGE = Cage(Isolation.PROCESS, None)


@pytest.fixture
async def index() -> AsyncIterator[LocalIndex]:
    ballast = "# " + "x" * 1_500_000 + "\n"
    wheels = [
        make_wheel(name, "1.0", {f"{name}/__init__.py": f"VALUE = '{name}'\n", f"{name}/tests/test.py": "1"})
        for name in ("one", "two")
    ] + [make_wheel(name, "1.0", {f"{name}.py": f"VALUE = '{name}'\n{ballast}"}) for name in ("big", "bulky")]
    async with local_index(dict(wheels)) as index:
        yield index


def lock_of(index: LocalIndex, *names: str) -> str:
    return index.lock(own_interpreter().version, *names)


async def test_all_jobs_that_wait_see_how_far_it_is(tmp_path: Path, index: LocalIndex):
    index.hold.clear()
    installer = Installer(tmp_path, index.url)
    lock = lock_of(index, "one", "big")
    logs = [Log(), Log()]
    ensure, interpreter = installer.environments.ensure, own_interpreter()
    waiting = [asyncio.create_task(ensure(lock, interpreter, CAGE, log, asyncio.Event())) for log in logs]
    await index.half_sent.wait()
    index.hold.set()
    loans = [await one for one in waiting]

    assert logs[0].text.startswith("Installing 2 packages …\n")
    assert logs[1].text.startswith("Waiting for another job to install 2 packages …\n")
    for log in logs:
        assert "2 of 2 have to be downloaded\nDownloading big (1.4MiB)\n" in log.text
        assert "+ big==1.0\n+ one==1.0\nReady after " in log.text
    for loan in loans:
        assert loan
        loan.close()


async def test_what_is_in_the_cache_is_installed_with_few_words(tmp_path: Path, index: LocalIndex):
    with await Installer(tmp_path, index.url).install(lock_of(index, "one")) as loan:
        loan.path.rename(tmp_path / "gone")
    again = Installer(tmp_path, index.url)
    with await again.install(lock_of(index, "one")):
        pass
    first, installed, package, ready = again.log.text.splitlines()
    assert (first, package.strip()) == ("Installing 1 package …", "+ one==1.0")
    assert installed.startswith("Installed 1 package in ")
    assert ready.startswith("Ready after ")


async def test_modules_are_compiled_and_tests_are_not(tmp_path: Path, index: LocalIndex):
    with await Installer(tmp_path / "tests", index.url).install(lock_of(index, "one")) as loan:
        compiled = [path.relative_to(loan.path).parts[:-1] for path in loan.path.rglob("*.pyc")]
    assert compiled == [("one", "__pycache__")]


async def test_two_machines_have_the_same_files(tmp_path: Path, index: LocalIndex):
    trees: list[dict[str, tuple[int, bytes]]] = []
    for machine in ("a", "b"):
        with await Installer(tmp_path / machine, index.url).install(lock_of(index, "one", "two")) as loan:
            files = [path for path in loan.path.rglob("*") if path.is_file()]
            trees.append(
                {str(path.relative_to(loan.path)): (path.stat().st_mode, path.read_bytes()) for path in files}
            )
    assert trees[0] == trees[1]
    assert any(name.endswith(".pyc") for name in trees[0])


@pytest.fixture
async def runtime(
    tmp_path: Path, index: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Runtime]:
    """The runtime as a worker makes it that gets its packages from ``index``."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    folders = Folders(tmp_path / "shared", tmp_path / "cache", tmp_path / "jobs")
    runtimes = await make_runtimes(folders, Slots(Isolation.PROCESS, [CAGE]), Settings(slots=1))
    yield runtimes.get("python3")
    await runtimes.close()


async def test_what_was_locked_is_there_for_the_first_job(runtime: Runtime, index: LocalIndex):
    log = Log()
    code = Code("import one\ndef main(): return one.VALUE", "python3")
    lock = await runtime.lock(code, CAGE, log, Stop())
    assert "  one (from this script)\n" in log.text
    assert "Installing 1 package …" in log.text

    async def note_memory(_peak: int) -> None:
        pass

    index.requests.clear()
    log = Log()
    code = Code(code.content, "python3", lock=lock)
    outcome = await runtime.run(Attempt("a-1", code, b"{}", {}, 60, CAGE, Stop(), note_memory), log)
    assert (outcome.status, json.loads(outcome.result)) == (Status.SUCCESS, "one")
    assert (log.text, index.requests) == ("", [])


async def test_a_lock_stands_where_its_packages_can_not_be_installed(tmp_path: Path, runtime: Runtime):
    (tmp_path / "shared" / "environments").write_text("in the way")
    log = Log()
    lock = await runtime.lock(Code("import one\ndef main(): pass", "python3"), CAGE, log, Stop())
    assert "one==1.0" in lock
    assert "could not be installed yet; jobs try again: the packages can't be kept" in log.text


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=5m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_a_full_disk_costs_what_nobody_uses(tmp_path: Path, small_disk: Path, index: LocalIndex):
    """Each of the two takes three fifths of the disk; one in use is never removed for the other."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "shared").symlink_to(small_disk)
    (small_disk / "ballast").write_bytes(bytes(2_200_000))
    installer = Installer(tmp_path / "root", index.url)
    with await installer.install(lock_of(index, "big")) as loan:
        with pytest.raises(DependenciesFailed, match="No space left on device"):
            await installer.install(lock_of(index, "bulky"))
        assert imported(loan.path, "big") == "big"
        await installer.environments.until_tidy()
    with await installer.install(lock_of(index, "bulky")) as loan:
        assert imported(loan.path, "bulky") == "bulky"
    assert "The disk is full: packages that no job uses were removed" in installer.log.text
    await installer.environments.until_tidy()
    assert installer.names() == {loan.path.name}
    assert installer.debris() == []


async def test_a_disk_that_can_not_be_written_is_told(tmp_path: Path, small_disk: Path, index: LocalIndex):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "shared").symlink_to(small_disk)
    command = ["mount", "-o", "remount,ro", str(small_disk)]
    await asyncio.to_thread(subprocess.run, command, check=True)
    with pytest.raises(DependenciesFailed, match=r"can't be kept on this worker: .*Read-only file system"):
        await Installer(tmp_path / "root", index.url).install(lock_of(index, "one"))
