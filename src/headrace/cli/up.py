"""``headrace up``: everything on this machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from headrace.cli.installation import running
from headrace.cli.log_lines import set_up_log
from headrace.cli.options import DATABASE, build_settings, settings_options

if TYPE_CHECKING:
    from headrace.cli.bootstrap import Welcome
    from headrace.settings import Settings


@click.command
@settings_options(
    "host", "port", "base_url", "workers", "isolation", "superadmin_token", "secret_key_file", *DATABASE
)
def up(**given: str | None) -> None:
    """Run PostgreSQL, a server and a worker on this machine.

    SIGTERM or Ctrl-C lets the jobs that run come to their end; a second one stops everything at once.
    """
    settings = build_settings(given)
    set_up_log(settings, "up")
    asyncio.run(_up(settings))


def say_how_to_sign_in(url: str, welcome: Welcome) -> None:
    """Where Headrace is and how to get in; a password is shown when it was made just now, and never again."""
    click.echo(f"Headrace is up at {url}")
    if welcome.password is not None:
        click.echo(f"Sign in as {welcome.email} with the password {welcome.password}")
        click.echo(f"It is shown this once; `headrace user password {welcome.email}` sets another one.")
    else:
        click.echo(f"Sign in as {welcome.email}; `headrace user password {welcome.email}` sets a password.")


async def _up(settings: Settings) -> None:
    asked = asyncio.Event()
    async with running(settings, asked) as installation:
        say_how_to_sign_in(installation.url, installation.welcome)
        await asked.wait()
