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
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from headrace.db.connection import Login, connect
from headrace.db.embedded import start_postgres
from headrace.db.migrate import migrate
from headrace.db.roles import FILE_NAME, SERVER_ROLE, WORKER_ROLE, RoleLogins
from headrace.vault import root_key
from headrace.vault.root_key import RootKey
from tests.ground.clean_slate import CleanSlate

if TYPE_CHECKING:
    from headrace.db.connection import Connection

# Roles belong to a whole cluster, so all its databases share them.
ROOT_KEY = RootKey(bytes(range(32)), "the tests")
PASSWORDS = {SERVER_ROLE: "test-server", WORKER_ROLE: "test-worker"}


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL, by its superuser's URL, with a migrated database to clone."""

    url: str
    template: str
    slate: CleanSlate
    _unused: list[str] = field(default_factory=list[str])

    def login(self, database: str) -> Login:
        """The superuser, in one of its databases."""
        return Login(url_of(self.url, database))

    @asynccontextmanager
    async def database(self, template: str | None = None) -> AsyncIterator[Login]:
        """A database of one's own, dropped afterwards: a migrated one, unless another template is named."""
        name = await self._new(template or self.template)
        try:
            yield self.login(name)
        finally:
            await self._drop(name)

    @asynccontextmanager
    async def migrated_database(self) -> AsyncIterator[Login]:
        """A migrated database for oneself, which is emptied and used again afterwards."""
        name = self._unused.pop() if self._unused else await self._new(self.template)
        try:
            yield self.login(name)
        finally:
            if await self._is_clean(name):
                self._unused.append(name)
            else:
                await self._drop(name)

    async def close(self) -> None:
        """Drop what was kept for the next one."""
        while self._unused:
            await self._drop(self._unused.pop())

    async def _is_clean(self, name: str) -> bool:
        connection = await connect(self.login(name), "tests")
        try:
            return await self.slate.restore(connection)
        finally:
            await connection.close()

    async def _new(self, template: str) -> str:
        name = f"test_{secrets.token_hex(6)}"
        await self.execute(f"create database {name} template {template}")
        return name

    async def _drop(self, name: str) -> None:
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
    template = f"template_{secrets.token_hex(6)}"
    postgres = await connect(Login(url_of(url, "postgres")), "tests")
    try:
        await postgres.execute(
            f"create database {template} encoding 'UTF8' lc_collate 'C' lc_ctype 'C' template template0"
        )
        try:
            cluster = Cluster(url, template, await _migrated(postgres, Login(url_of(url, template))))
            yield cluster
            await cluster.close()
        finally:
            await postgres.execute(f"drop database {template} with (force)")
    finally:
        await postgres.close()


async def _migrated(postgres: Connection, template: Login) -> CleanSlate:
    # Several test processes may share a cluster, and its roles can't be altered by two at once.
    await postgres.execute("select pg_advisory_lock(1)")
    try:
        await migrate(template, roles_of(template.url))
    finally:
        await postgres.execute("select pg_advisory_unlock(1)")
    owner = await connect(template, "tests")
    try:
        return await CleanSlate.of(owner)
    finally:
        await owner.close()
