"""``headrace migrate``: brings a database's schema up to this release."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from headrace.cli.data_folder import make_data_dir, owner_login
from headrace.cli.log_lines import set_up_log
from headrace.cli.options import DATABASE, build_settings, settings_options
from headrace.cli.secret_key import prepare_secret_key
from headrace.db import migrate as schema
from headrace.db.connection import connect
from headrace.db.roles import FILE_NAME, make_roles

if TYPE_CHECKING:
    from headrace.settings import Settings


@click.command
@settings_options(*DATABASE, "secret_key_file")
def migrate(**given: str | None) -> None:
    """Bring the database's schema up to this release, and make the two roles that requests and workers use.

    The roles own nothing; their passwords are kept in a file of the data folder that only its owner can read.
    Servers and workers on other machines need a copy of that file in their data folder; servers also one of
    secret.key, the key that secrets are encrypted under.
    """
    settings = build_settings(given)
    set_up_log(settings, "migrate")
    applied = asyncio.run(_migrate(settings))
    click.echo(f"applied {', '.join(applied)}" if applied else "the schema is up to date")
    click.echo(f"the roles' passwords are in {settings.data_dir / FILE_NAME}")


async def _migrate(settings: Settings) -> list[str]:
    make_data_dir(settings.data_dir)
    async with owner_login(settings) as login:
        applied = await schema.migrate(login, make_roles(settings.data_dir, login.url))
        connection = await connect(login, "migrate")
        try:
            await prepare_secret_key(settings, connection)
        finally:
            await connection.close()
    return applied
