"""One installation as its users have it: ``headrace up``, a real process, for all tests that drive one."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.acceptance.commands import Up, start_up
from tests.ground.database import make_data_folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server() -> AsyncIterator[Up]:
    """An installation for all tests of this process; what it leaves behind in the end is a failure."""
    folder = make_data_folder()
    try:
        up = await start_up(folder / "data", superadmin_token="acceptance-tests", grace_seconds=1)
        try:
            yield up
        finally:
            await up.end()
    finally:
        shutil.rmtree(folder)
