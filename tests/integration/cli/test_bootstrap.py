"""What a new installation begins with, and what a later start leaves as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from headrace.cli.bootstrap import SUPERADMIN, leave_for_clients, prepare
from headrace.permissions.identity import SQL as IDENTITY_SQL
from headrace.permissions.identity import token_hash
from headrace.settings import Secret, Settings
from headrace.store.people import users
from tests.ground.database import save_roles

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Login


def settings_in(folder: Path, token: str | None = None) -> Settings:
    save_roles(folder)
    return Settings(data_dir=folder, superadmin_token=Secret(token) if token else None)


async def is_good(connection: Connection, token: str) -> bool:
    return await IDENTITY_SQL.identify_token.row(connection, hash=token_hash(token)) is not None


async def test_the_first_start_makes_a_superadmin_and_the_next_one_keeps_all(
    tmp_path: Path, login: Login, owner: asyncpg.Connection
):
    settings = settings_in(tmp_path)
    first = await prepare(settings, login.url, "demo")
    assert first.email == SUPERADMIN
    assert first.password
    assert await is_good(owner, first.token)
    assert {row["id"] for row in await owner.fetch("select id from workspace")} >= {"admins", "demo"}
    leave_for_clients(settings, "http://localhost", first.token, "demo")
    second = await prepare(settings, login.url, "demo")
    assert (second.password, second.token) == (None, first.token)


async def test_a_token_of_the_environment_takes_the_place_of_the_one_before(
    tmp_path: Path, login: Login, owner: asyncpg.Connection
):
    old = await prepare(settings_in(tmp_path, "the-old-token"), login.url)
    assert (old.token, old.password) == ("the-old-token", None)
    await prepare(settings_in(tmp_path, "the-new-token"), login.url)
    assert await is_good(owner, "the-new-token")
    assert not await is_good(owner, "the-old-token")
    assert not await owner.fetchval("select count(*) from token where prefix <> ''")


async def test_where_there_is_another_superadmin_no_second_one_is_made(
    tmp_path: Path, login: Login, owner: asyncpg.Connection
):
    await users.add(owner, "zoe@acme.test", None, superadmin=True)
    welcome = await prepare(settings_in(tmp_path), login.url)
    assert (welcome.email, welcome.password) == ("zoe@acme.test", None)
    assert await users.read(owner, SUPERADMIN) is None
