"""What fault tests stand on: processes, a witness, a checker, and a client that remembers its answers."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from headrace.db.connection import Login
from tests.faults.site import Site, open_site
from tests.ground.alive import tell_living
from tests.ground.database import make_data_folder, save_roles
from tests.ground.fixtures import cluster, login, owner, roles
from tests.ground.witness import Witness

__all__ = ["cluster", "login", "owner", "roles"]


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    """A data folder for all processes of all tests: what they keep there is shared by design."""
    folder = make_data_folder()
    save_roles(folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def witness() -> Iterator[Witness]:
    """A witness; it sees after each test that no process of any job is left."""
    witness = Witness()
    yield witness
    pids = {note.pid for note in witness.notes()}
    witness.close()
    assert not pids & tell_living().keys(), "processes of jobs are left"


@pytest.fixture
async def site(
    login: Login, owner: asyncpg.Connection, data_dir: Path, witness: Witness
) -> AsyncIterator[Site]:
    """An installation in which nothing runs yet."""
    async with open_site(login, owner, data_dir, witness) as site:
        yield site
