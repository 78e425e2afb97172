"""The API on a real database, with one of each kind of principal."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from headrace.db.connection import Login, connect
from tests.ground.fixtures import cluster, login, owner, people, roles, server_pool, worker_pool
from tests.integration.api.callers import Api, PlayedWorker
from tests.integration.api.conftest import api, application, blobs, worker
from tests.matrix.trial import Trial
from tests.matrix.undoing import UndoingPool
from tests.matrix.world import furnish, with_pool

__all__ = [
    "api",
    "application",
    "blobs",
    "cluster",
    "login",
    "owner",
    "people",
    "roles",
    "server_pool",
    "worker",
    "worker_pool",
]


@pytest.fixture
async def trial(
    api: Api, login: Login, owner: asyncpg.Connection, worker: PlayedWorker
) -> AsyncIterator[Trial]:
    """A furnished world, and the application on a pool that undoes what was done."""
    world = await furnish(api, owner, worker)
    connection = await connect(login, "tests")
    pool = UndoingPool(connection)
    with_pool(api, pool)
    yield Trial(api.app, world, pool, await pool.look())
    await connection.close()
