"""PostgreSQL for tests: a cluster for each test process, and a fresh database for each test.

The embedded one, or the one that ``DATABASE_URL`` names (its user must be a superuser, and nothing
else may live there: the passwords of Headrace's roles are set).
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from headrace.db.connection import Login, connect
from headrace.db.embedded import start_postgres
from headrace.db.migrate import migrate
from headrace.db.roles import FILE_NAME, SERVER_ROLE, WORKER_ROLE, RoleLogins
from headrace.vault import root_key
from headrace.vault.root_key import RootKey

# Roles belong to a whole cluster, so all its databases share them.
ROOT_KEY = RootKey(bytes(range(32)), "the tests")
PASSWORDS = {SERVER_ROLE: "test-server", WORKER_ROLE: "test-worker"}


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL, by its superuser's URL, with a migrated database to clone."""

    url: str
    template: str

    def login(self, database: str) -> Login:
        """The superuser, in one of its databases."""
        return Login(url_of(self.url, database))

    @asynccontextmanager
    async def database(self, template: str | None = None) -> AsyncIterator[Login]:
        """A database of one's own, dropped afterwards: a migrated one, unless another template is named."""
        name = f"test_{secrets.token_hex(6)}"
        await self.execute(f"create database {name} template {template or self.template}")
        try:
            yield self.login(name)
        finally:
            await self.execute(f"drop database {name} with (force)")

    async def execute(self, sql: str) -> None:
        """Run a statement that concerns the whole cluster."""
        connection = await connect(self.login("postgres"), "tests")
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


@asynccontextmanager
async def running_cluster() -> AsyncIterator[Cluster]:
    """The cluster of this test process, with its template."""
    if url := os.environ.get("DATABASE_URL"):
        async with _with_template(url) as cluster:
            yield cluster
        return
    folder = make_data_folder()
    try:
        postgres = await start_postgres(folder)
        try:
            async with _with_template(postgres.url) as cluster:
                yield cluster
        finally:
            await postgres.stop()
    finally:
        shutil.rmtree(folder)


def make_data_folder() -> Path:
    """A new folder that PostgreSQL's own account can pass through; the caller removes it."""
    folder = Path(tempfile.mkdtemp(prefix="headrace-test-"))
    folder.chmod(0o711)
    return folder


def roles_of(url: str) -> RoleLogins:
    """How server and worker log in to a database of a test cluster."""
    return RoleLogins(
        server=Login(url, SERVER_ROLE, PASSWORDS[SERVER_ROLE]),
        worker=Login(url, WORKER_ROLE, PASSWORDS[WORKER_ROLE]),
    )


def save_roles(data_dir: Path) -> None:
    """Write the files that ``headrace migrate`` makes, for processes started with ``--data-dir``."""
    (data_dir / FILE_NAME).write_text(json.dumps(PASSWORDS))
    (data_dir / root_key.FILE_NAME).write_text(base64.b64encode(ROOT_KEY.key).decode())


def url_of(url: str, database: str) -> str:
    """The same URL with another database."""
    return urlsplit(url)._replace(path=f"/{database}").geturl().replace("postgresql:///", "postgresql://@/")


@asynccontextmanager
async def _with_template(url: str) -> AsyncIterator[Cluster]:
    cluster = Cluster(url, f"template_{secrets.token_hex(6)}")
    await cluster.execute(
        f"create database {cluster.template} encoding 'UTF8' lc_collate 'C' lc_ctype 'C' template template0"
    )
    try:
        # Several test processes may share a cluster, and its roles can't be altered by two at once.
        connection = await connect(cluster.login("postgres"), "tests")
        try:
            await connection.execute("select pg_advisory_lock(1)")
            owner = cluster.login(cluster.template)
            await migrate(owner, roles_of(owner.url))
        finally:
            await connection.close()
        yield cluster
    finally:
        await cluster.execute(f"drop database {cluster.template} with (force)")
