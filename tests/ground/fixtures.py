"""Fixtures on a database; a ``conftest.py`` takes what its tests need."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest

from headrace.db.connection import Login, connect, open_pool
from headrace.db.roles import RoleLogins
from tests.ground.database import Cluster, roles_of, running_cluster
from tests.ground.people import People, make_people

if TYPE_CHECKING:
    from headrace.db.connection import Pool


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL for all tests of this process."""
    with asyncio.Runner() as runner:
        running = running_cluster()
        yield runner.run(running.__aenter__())
        runner.run(running.__aexit__(None, None, None))


@pytest.fixture
async def login(cluster: Cluster, request: pytest.FixtureRequest) -> AsyncIterator[Login]:
    """The owner of a migrated, empty database; of one nobody has used before where the test is so marked."""
    is_fresh = request.node.get_closest_marker("fresh_database") is not None
    async with cluster.database() if is_fresh else cluster.migrated_database() as login:
        yield login


@pytest.fixture
def roles(login: Login) -> RoleLogins:
    """How server and worker log in to that database."""
    return roles_of(login.url)


@pytest.fixture
async def owner(login: Login) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the owner, whom row-level security does not bind."""
    connection = await connect(login, "tests")
    yield connection
    await connection.close()


@pytest.fixture
async def server_pool(roles: RoleLogins) -> AsyncIterator[Pool]:
    """Connections as requests have them."""
    async with _pool(roles.server) as pool:
        yield pool


@pytest.fixture
async def worker_pool(roles: RoleLogins) -> AsyncIterator[Pool]:
    """Connections as workers and the leader have them."""
    async with _pool(roles.worker) as pool:
        yield pool


@pytest.fixture
async def people(owner: asyncpg.Connection) -> People:
    """A workspace with an admin and two users."""
    return await make_people(owner)


@asynccontextmanager
async def _pool(login: Login) -> AsyncIterator[Pool]:
    pool = await open_pool(login, "tests", 10)
    try:
        yield pool
    finally:
        await pool.close()
