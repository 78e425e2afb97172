"""Schema, rights and queue also work on a PostgreSQL that is not the embedded one."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from headrace.db.connection import Login, connect
from headrace.db.programs import find_account, start_program
from headrace.errors import Unavailable
from tests.ground.database import make_data_folder

FOLDER = Path(__file__).parent
INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
TESTS = (
    "queue", "lifecycle", "store", "db/test_migrate.py", "db/test_queries.py",
    "db/test_row_level_security.py",
    "api/test_versions.py", "api/test_trash.py", "api/test_drafts.py",
)  # fmt: skip


@asynccontextmanager
async def running(programs: Path) -> AsyncIterator[str]:
    """A throw-away PostgreSQL; the URL of its superuser."""
    folder, account = make_data_folder(), find_account()
    try:
        if account is not None:
            os.chown(folder, account.uid, account.gid)
        data, log = folder / "data", folder / "log"
        initdb = [programs / "initdb", "-D", data, "-U", "owner", "-E", "UTF8", "--locale=C", "-A", "trust"]
        assert await start_program(initdb, account, log, death_signal=signal.SIGKILL).wait() == 0
        command = [programs / "postgres", "-D", data, "-h", "", "-k", folder]
        postgres = start_program(command, account, log, death_signal=signal.SIGINT)
        try:
            url = f"postgresql://owner@/postgres?host={folder}"
            await until_ready(url)
            yield url
        finally:
            postgres.signal(signal.SIGINT)
            await postgres.wait()
    finally:
        shutil.rmtree(folder)


async def until_ready(url: str) -> None:
    while True:
        try:
            connection = await connect(Login(url), "tests")
        except Unavailable:
            continue
        await connection.close()
        return


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.skipif(not INSTALLED, reason="this machine has no PostgreSQL of its own")
@pytest.mark.parametrize("postgres", INSTALLED, ids=lambda file: file.parent.parent.name)
async def test_the_database_tests_pass_on_it(postgres: Path):
    async with running(postgres.parent) as url:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:xdist"),
            *(str(FOLDER / name) for name in TESTS),
            env={**os.environ, "DATABASE_URL": url},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=FOLDER.parents[1],
        )
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
