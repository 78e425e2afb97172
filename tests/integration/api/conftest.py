"""The API on a real database, without a network and without a worker."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import pytest
from fastapi import FastAPI

from headrace.api.app import make_app
from headrace.api.context import Context
from headrace.api.log_reader import LogReader
from headrace.api.waiting import Waiters
from headrace.blobs.places import open_blobs
from headrace.db.listen import Switchboard
from headrace.db.roles import RoleLogins
from headrace.settings import Settings
from headrace.vault.vault import Vault
from tests.ground.database import ROOT_KEY
from tests.ground.people import People
from tests.integration.api.callers import Api, PlayedWorker, play_worker

if TYPE_CHECKING:
    from pathlib import Path

    from headrace.blobs.blobs import Blobs
    from headrace.db.connection import Pool

SETTINGS = Settings(
    wait_result_seconds=0.5, body_limit_mb=1, file_limit_mb=3, trusted_hosts=("test",), logins_per_minute=0
)


@pytest.fixture(scope="session")
def application() -> FastAPI:
    """Made once, for that takes longer than most tests; each test gives it a context of its own."""
    return make_app(settings=SETTINGS)


@pytest.fixture
async def api(
    application: FastAPI,
    server_pool: Pool,
    roles: RoleLogins,
    owner: asyncpg.Connection,
    people: People,
    blobs: Blobs,
) -> AsyncIterator[Api]:
    """The application, with a client for each of the people and one for a superadmin."""
    switchboard = Switchboard(roles.server, "tests")
    context = Context(
        server_pool, switchboard, Waiters(switchboard), SETTINGS, Vault(ROOT_KEY), blobs, LogReader(blobs, 2)
    )
    listening = asyncio.create_task(switchboard.run())
    application.state.context = context
    made = Api(application, owner)
    for person in (people.admin, people.alice, people.bob):
        await made.sign_in(person.username, person.email)
    await made.add_superadmin()
    yield made
    await made.close()
    listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """A blob store in a folder."""
    return open_blobs(Settings(blob_store=f"file://{tmp_path}/blobs"))


@pytest.fixture
async def worker(worker_pool: Pool) -> PlayedWorker:
    """Somebody who claims and ends jobs as a worker does, without running them."""
    return await play_worker(worker_pool)
