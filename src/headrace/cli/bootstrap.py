"""What a new installation begins with: its schema, its first superadmin, its first workspaces."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.cli.secret_key import prepare_secret_key
from headrace.db.connection import Login, connect
from headrace.db.migrate import migrate
from headrace.db.roles import make_roles
from headrace.errors import Conflict
from headrace.permissions.identity import SQL as IDENTITY_SQL
from headrace.permissions.identity import token_hash
from headrace.store import workspaces
from headrace.store.people import members, tokens, users
from headrace.store.workspaces import ADMINS

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.settings import Settings

SUPERADMIN = "admin@headrace.local"
CLIENT_FILE = "client.json"


@dataclass(frozen=True, slots=True)
class Welcome:
    """How to get in. ``password`` is there only when it was made just now; it is kept nowhere."""

    email: str
    password: str | None
    token: str


async def prepare(settings: Settings, owner_url: str, workspace: str = ADMINS) -> Welcome:
    """Migrate the database as its owner, and make whatever of the beginning is missing.

    Raises Misconfigured where the database can't be used.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    await migrate(Login(owner_url), make_roles(settings.data_dir, owner_url))
    connection = await connect(Login(owner_url), "bootstrap")
    try:
        await prepare_secret_key(settings, connection)
        async with connection.transaction():
            email, password = await _make_superadmin(connection, settings)
            for name in dict.fromkeys((ADMINS, workspace)):
                await _make_workspace(connection, name, email)
            token = await _make_token(connection, settings, email)
    finally:
        await connection.close()
    return Welcome(email, password, token)


def leave_for_clients(settings: Settings, url: str, token: str, workspace: str) -> None:
    """Tell ``headrace run`` and ``headrace logs`` of this machine where the server is, in a 0600 file."""
    file = settings.data_dir / CLIENT_FILE
    aside = file.with_suffix(".tmp")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump({"url": url, "token": token, "workspace": workspace}, out)
    aside.rename(file)


def read_client_file(data_dir: Path) -> dict[str, str]:
    """What ``headrace up`` left; empty where it left nothing that can be read."""
    try:
        return json.loads((data_dir / CLIENT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


async def _make_superadmin(connection: Connection, settings: Settings) -> tuple[str, str | None]:
    """The first superadmin, and the password if one was made: not where there is a token to begin with."""
    there = [user.email for user in await users.list_all(connection) if user.is_superadmin]
    if there:
        return (SUPERADMIN if SUPERADMIN in there else there[0]), None
    password = None if settings.superadmin_token else secrets.token_urlsafe(12)
    password_hash = users.hash_password(password) if password is not None else None
    await users.add(connection, SUPERADMIN, password_hash, name="Admin", superadmin=True)
    return SUPERADMIN, password


async def _make_workspace(connection: Connection, name: str, email: str) -> None:
    try:
        await workspaces.add(connection, name, name.capitalize(), email)
        await members.add(connection, name, "admin", email, is_admin=True)
    except Conflict:
        return


async def _make_token(connection: Connection, settings: Settings, email: str) -> str:
    """The superadmin's token that this machine's own commands use: the one given, or the one of last time.

    One that was given in its place before is no longer good.
    """
    if settings.superadmin_token is not None:
        token = settings.superadmin_token.reveal()
        await tokens.replace(connection, email, token, "HEADRACE_SUPERADMIN_TOKEN")
        return token
    token = read_client_file(settings.data_dir).get("token", "")
    if not await IDENTITY_SQL.identify_token.row(connection, hash=token_hash(token)):
        token = tokens.new_token()
    await tokens.replace(connection, email, token, "headrace up")
    return token
