"""``headrace token``: API tokens, by whoever owns the database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from headrace.cli.data_folder import owner_transaction
from headrace.cli.log_lines import set_up_log
from headrace.cli.options import DATABASE, build_settings, settings_options
from headrace.clock import now
from headrace.errors import NotFound
from headrace.store import workspaces
from headrace.store.people import tokens, users

if TYPE_CHECKING:
    from headrace.settings import Settings


@click.group
def token() -> None:
    """Make API tokens."""


@token.command
@click.argument("email")
@click.option("--label", default="", help="What the token is for.")
@click.option("--workspace", default=None, help="Bind the token to this workspace.")
@click.option("--expires-days", type=click.IntRange(1, 36500), default=None, help="Days until it expires.")
@settings_options(*DATABASE)
def create(
    email: str, label: str, workspace: str | None, expires_days: int | None, **given: str | None
) -> None:
    """Make a token of a user and print it; it is shown this once and has all of the user's rights."""
    settings = build_settings(given)
    set_up_log(settings, "token")
    click.echo(asyncio.run(_create(settings, email, label, workspace, expires_days)))


async def _create(
    settings: Settings, email: str, label: str, workspace: str | None, expires_days: int | None
) -> str:
    text = tokens.new_token()
    async with owner_transaction(settings) as connection:
        if await users.read(connection, email) is None:
            raise NotFound(f"user {email} does not exist")
        if workspace is not None and not await workspaces.exists(connection, workspace):
            raise NotFound(f"workspace {workspace} does not exist")
        expires_at = now() + timedelta(days=expires_days) if expires_days else None
        await tokens.add(connection, email, text, label=label, workspace=workspace, expires_at=expires_at)
    return text
