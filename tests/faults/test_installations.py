"""Workers, and uv, killed at every step from a requirement to an environment that is evicted again.

Each case shows that its place was reached: the killed process leaves a file there. Then the next one that
wants the same has it, without help, and leaves nothing lying about.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import certifi
import pytest

from headrace.cli.checkups.finding import tried
from headrace.runtimes.python.interpreter import base_interpreter, own_interpreter
from headrace.runtimes.runner_files import PACKAGE, place_runner
from headrace.sandbox.accounts import FIRST_UID
from headrace.sandbox.file_lock import try_lock
from tests.faults.site import TOKEN, Site
from tests.ground.database import make_data_folder, save_roles
from tests.ground.index import LocalIndex, local_index, make_wheel
from tests.ground.installer import Installer, children_of, imported, kill, start
from tests.ground.people import WORKSPACE


def _long(failpoint: str) -> Any:
    return pytest.param(failpoint, marks=pytest.mark.long)


RESOLUTION = [_long("lock_before_resolution"), "lock_after_resolution"]
INSTALLATION = [
    _long("shelf_before_lock"),
    "shelf_after_lock",
    _long("shelf_before_fill"),
    _long("install_before_offline"),
    "install_after_offline",
    "install_before_online",
    "install_after_online",
    "install_before_bytecode",
    _long("install_after_bytecode"),
    "publish_before_modes",
    _long("publish_before_sync"),
    "publish_before_record",
    "publish_before_rename",
    "publish_after_rename",
    _long("shelf_before_unlock"),
    "borrow_before_lock",
]
EVICTION = [
    "eviction_before_rename",
    "eviction_after_rename",
    _long("eviction_before_removal"),
    "eviction_after_removal",
]
DOWNLOADS = [_long("downloads_before_prune"), "downloads_before_clean"]
RUNNER = [_long("runner_half_copied"), "runner_before_rename"]


@pytest.fixture
async def index() -> AsyncIterator[LocalIndex]:
    wheels = [make_wheel(name, "1.0", {f"{name}.py": f"VALUE = '{name}'\n"}) for name in ("one", "two")]
    async with local_index(dict(wheels)) as index:
        yield index


def lock_of(index: LocalIndex, name: str) -> str:
    return index.lock(own_interpreter().version, name)


async def killed_at(
    failpoint: str, root: Path, index: LocalIndex, *deeds: tuple[str, Any], **bounds: int
) -> None:
    """Have a worker do these deeds until it kills itself at ``failpoint``, which is shown."""
    reached = root / "reached"
    process = await start(root, index.url, *deeds, failpoints=f"{failpoint}=kill:{reached}", **bounds)
    await process.communicate()
    assert (process.returncode, reached.exists()) == (-signal.SIGKILL, True)


async def check_next(root: Path, index: LocalIndex, *names: str) -> None:
    """What a worker that is started now does: it has these environments, and nothing else is there."""
    following = Installer(root, index.url)
    await following.tidy_up()
    for name in names:
        with await following.install(lock_of(index, name)) as loan:
            assert imported(loan.path, name) == name
            assert list(loan.path.rglob("*.pyc"))
    await following.environments.until_tidy()
    assert len(following.names()) == len(names)
    assert following.debris() == []


@pytest.mark.parametrize("failpoint", INSTALLATION)
async def test_a_worker_killed_while_it_installs(tmp_path: Path, index: LocalIndex, failpoint: str):
    await killed_at(failpoint, tmp_path, index, ("install", lock_of(index, "one")))
    await check_next(tmp_path, index, "one")


@pytest.mark.parametrize("failpoint", RESOLUTION)
async def test_a_worker_killed_while_it_locks(tmp_path: Path, index: LocalIndex, failpoint: str):
    await killed_at(failpoint, tmp_path, index, ("lock", "one"))
    assert await Installer(tmp_path, index.url).lock("one") == lock_of(index, "one")
    await check_next(tmp_path, index, "one")


@pytest.mark.long
@pytest.mark.parametrize("failpoint", EVICTION)
async def test_a_worker_killed_while_it_evicts(tmp_path: Path, index: LocalIndex, failpoint: str):
    deeds = [("use", lock_of(index, "one")), ("use", lock_of(index, "two")), ("tidy_up", None)]
    await killed_at(failpoint, tmp_path, index, *deeds, most_environments=0)
    await check_next(tmp_path, index, "one", "two")


@pytest.mark.long
@pytest.mark.parametrize("failpoint", DOWNLOADS)
async def test_a_worker_killed_while_it_empties_its_downloads(
    tmp_path: Path, index: LocalIndex, failpoint: str
):
    await killed_at(
        failpoint, tmp_path, index, ("install", lock_of(index, "one")), ("tidy_up", None), most_downloads=0
    )
    await check_next(tmp_path, index, "one")


async def test_a_worker_killed_while_it_removes_what_another_left(tmp_path: Path, index: LocalIndex):
    left = tmp_path / "shared" / "environments" / ".making" / "left"
    left.mkdir(parents=True)
    (left / "half.py").write_text("x")
    await killed_at("sweep_before_removal", tmp_path, index, ("tidy_up", None))
    await check_next(tmp_path, index, "one")


@pytest.mark.long
@pytest.mark.parametrize("failpoint", RUNNER)
async def test_a_worker_killed_while_it_places_the_runner(tmp_path: Path, index: LocalIndex, failpoint: str):
    await killed_at(failpoint, tmp_path, index, ("place_runner", None))
    assert (place_runner(tmp_path / "shared") / PACKAGE / "job.py").exists()
    assert Installer(tmp_path, index.url).debris() == []


@pytest.mark.parametrize("victim", ["worker", "uv"])
async def test_a_download_that_is_cut_by_a_kill(tmp_path: Path, index: LocalIndex, victim: str):
    """A worker's own uv goes on for as long as it can: the next worker waits for it, then begins anew."""
    index.hold.clear()
    worker = await start(tmp_path, index.url, ("install", lock_of(index, "one")))
    await index.half_sent.wait()
    (uv,) = children_of(worker.pid)
    if victim == "worker":
        worker.kill()
        await worker.communicate()
        kill(uv)
    else:
        kill(uv)
        await worker.communicate()
        assert worker.returncode == 1
    assert Installer(tmp_path, index.url).names() == set()
    index.hold.set()
    await check_next(tmp_path, index, "one")


@pytest.mark.parametrize(
    "failpoint",
    [
        "install_after_bytecode",
        pytest.param("install_after_online", marks=pytest.mark.long),
        pytest.param("borrow_before_lock", marks=pytest.mark.long),
    ],
)
async def test_the_job_of_a_worker_killed_while_it_installs_runs_elsewhere(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failpoint: str
):
    async with local_index(dict([make_wheel("one", "1.0", {"one.py": f"VALUE = '{failpoint}'\n"})])) as index:
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
        monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
        reached = tmp_path / "reached"
        server, first = await asyncio.gather(
            site.installation.server(), site.installation.worker(failpoints=f"{failpoint}=kill:{reached}")
        )
        content = "import one\ndef main(): return one.VALUE"
        body = {"content": content, "language": "python3", "lock": lock_of(index, "one"), "args": {}}
        async with server.client(TOKEN) as client:
            response = await client.post(f"/w/{WORKSPACE}/jobs/run/preview", json=body)
        assert (await first.ends(), reached.exists()) == (-signal.SIGKILL, True)

        await site.installation.worker()
        finished = await site.checker.finished(response.text)
        assert (finished.status, finished.attempt) == ("success", 2)
        assert finished.result == f'"{failpoint}"'.encode()


@pytest.mark.long
async def test_a_worker_killed_while_it_copies_the_interpreter(site: Site, tmp_path: Path):
    if os.geteuid() != 0 or tried([base_interpreter(), "-I", "-S", "-c", ""], FIRST_UID) is not None:
        pytest.skip("jobs can run the interpreter where it lies, so none is copied")
    data = make_data_folder()
    save_roles(data)
    try:
        reached = tmp_path / "reached"
        armed = f"interpreter_half_copied=kill:{reached}"
        first = await site.installation.start_worker(data_dir=data, failpoints=armed)
        assert (await first.ends(), reached.exists()) == (-signal.SIGKILL, True)
        second = await site.installation.worker(data_dir=data)
        assert not list(data.glob("shared/interpreters/.making/*"))
        await second.end()
    finally:
        shutil.rmtree(data)


async def test_an_orphaned_uv_is_waited_for(tmp_path: Path, index: LocalIndex):
    index.hold.clear()
    worker = await start(tmp_path, index.url, ("install", lock_of(index, "one")))
    await index.half_sent.wait()
    worker.kill()
    await worker.communicate()
    assert try_lock(tmp_path / "cache" / "uv" / ".lock") is None, "uv no longer locks its cache"
    checking = asyncio.create_task(check_next(tmp_path, index, "one"))
    index.hold.set()
    await checking
