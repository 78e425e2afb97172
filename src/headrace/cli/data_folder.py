"""The data folder as the commands see it, and the way to its database as the owner."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from headrace.db.connection import Login, connect
from headrace.db.embedded import running_url, start_postgres
from headrace.db.failures import translated
from headrace.db.migrate import check_current
from headrace.errors import Misconfigured

if TYPE_CHECKING:
    from pathlib import Path

    from headrace.db.connection import Connection
    from headrace.settings import Settings


def make_data_dir(data_dir: Path) -> None:
    """Make the data folder where there is none; jobs of other uids pass through it, nobody lists it."""
    try:
        if not data_dir.is_dir():
            data_dir.mkdir(parents=True)
            data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise Misconfigured(
            f"the data folder {data_dir} can't be made ({error.strerror}): choose another --data-dir"
        ) from error


@asynccontextmanager
async def owner_login(settings: Settings) -> AsyncIterator[Login]:
    """How the owner of the database logs in.

    The embedded PostgreSQL is started for as long as the block lasts, unless `headrace up` runs it already.
    """
    if settings.database_url is not None:
        yield Login(settings.database_url.reveal())
    elif url := running_url(settings.data_dir):
        yield Login(url)
    else:
        postgres = await start_postgres(settings.data_dir)
        try:
            yield Login(postgres.url)
        finally:
            await postgres.stop()


@asynccontextmanager
async def owner_transaction(settings: Settings) -> AsyncIterator[Connection]:
    """A transaction of the owner, whom row-level security does not bind, on a schema of this release."""
    async with owner_login(settings) as login:
        connection = await connect(login, "owner")
        try:
            await check_current(connection)
            with translated():
                async with connection.transaction():
                    yield connection
        finally:
            await connection.close()
