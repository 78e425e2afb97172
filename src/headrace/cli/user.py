"""``headrace user``: the users of an installation, by whoever owns its database."""

from __future__ import annotations

import asyncio
import secrets
import sys
from typing import TYPE_CHECKING

import click

from headrace.cli.data_folder import owner_transaction
from headrace.cli.log_lines import set_up_log
from headrace.cli.options import DATABASE, build_settings, settings_options
from headrace.errors import InvalidInput, NotFound
from headrace.model.email import check_email, username_of
from headrace.model.path import check_username
from headrace.store import workspaces
from headrace.store.people import members, users

if TYPE_CHECKING:
    from headrace.settings import Settings
    from headrace.store.people.users import User

_FEWEST_CHARACTERS = 8


@click.group
def user() -> None:
    """Add users, set passwords, list users."""


@user.command
@click.argument("email")
@click.option("--superadmin", is_flag=True, help="May do everything in every workspace.")
@click.option("--name", default=None, help="The user's name, to be shown.")
@click.option("--workspace", default=None, help="Make the user a member of this workspace, too.")
@click.option("--username", default=None, help="Name in that workspace; default: made of the email.")
@click.option("--admin", is_flag=True, help="May do everything in that workspace.")
@click.option("--password", "typed", is_flag=True, help="Ask for the password instead of making one.")
@settings_options(*DATABASE)
def add(
    email: str,
    superadmin: bool,
    name: str | None,
    workspace: str | None,
    username: str | None,
    admin: bool,
    typed: bool,
    **given: str | None,
) -> None:
    """Add a user, or make one who is there a member of a workspace. A new user's password is printed once."""
    settings = _prepare(given)
    email = check_email(email)
    if workspace is None and (username or admin):
        raise InvalidInput("workspace", "must be named with --username or --admin")
    password = _ask_password() if typed else new_password()
    username = check_username(username or username_of(email))
    is_new = asyncio.run(_add(settings, email, password, name, superadmin, workspace, username, admin))
    if is_new:
        click.echo(f"user {email} added" + ("" if typed else f"; password: {password}"))
    if workspace is not None:
        click.echo(f"{email} is {username} in workspace {workspace}{', an admin' if admin else ''}")


@user.command
@click.argument("email")
@click.option("--generate", is_flag=True, help="Make a password and print it, instead of asking for one.")
@settings_options(*DATABASE)
def password(email: str, generate: bool, **given: str | None) -> None:
    """Give a user another password: asked for, or read from standard input where that is no terminal."""
    settings = _prepare(given)
    text = new_password() if generate else _ask_password()
    asyncio.run(_set_password(settings, email, text))
    click.echo(f"{email} has a new password" + (f": {text}" if generate else ""))


@user.command("list")
@settings_options(*DATABASE)
def list_users(**given: str | None) -> None:
    """List all users."""
    for found in asyncio.run(_list(_prepare(given))):
        marks = [word for word, holds in _marks(found) if holds]
        click.echo("  ".join([found.email, f"since {found.created_at:%Y-%m-%d}", *marks]))


def new_password() -> str:
    """A password of 96 random bits that can be typed."""
    return secrets.token_urlsafe(12)


def _prepare(given: dict[str, str | None]) -> Settings:
    settings = build_settings(given)
    set_up_log(settings, "user")
    return settings


def _ask_password() -> str:
    if sys.stdin.isatty():
        text: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        text = sys.stdin.readline().rstrip("\n")
    if len(text) < _FEWEST_CHARACTERS:
        raise InvalidInput("password", f"must have at least {_FEWEST_CHARACTERS} characters")
    return text


def _marks(found: User) -> tuple[tuple[str, bool], ...]:
    return (("superadmin", found.is_superadmin), ("disabled", found.disabled))


async def _add(
    settings: Settings,
    email: str,
    password: str,
    name: str | None,
    superadmin: bool,
    workspace: str | None,
    username: str,
    admin: bool,
) -> bool:
    async with owner_transaction(settings) as connection:
        if workspace is not None and not await workspaces.exists(connection, workspace):
            raise NotFound(f"workspace {workspace} does not exist")
        is_new = workspace is None or await users.read(connection, email) is None
        if is_new:
            await users.add(
                connection, email, users.hash_password(password), name=name, superadmin=superadmin
            )
        elif superadmin:
            raise InvalidInput("superadmin", f"user {email} exists already; leave it out")
        if workspace is not None:
            await members.add(connection, workspace, username, email, is_admin=admin)
    return is_new


async def _set_password(settings: Settings, email: str, text: str) -> None:
    async with owner_transaction(settings) as connection:
        await users.set_password(connection, email, users.hash_password(text))


async def _list(settings: Settings) -> list[User]:
    async with owner_transaction(settings) as connection:
        return await users.list_all(connection)
