"""Brings a database's schema up to this release, forward only.

Each migration is one transaction with a lock time-out, done by one migrator at a time. A schema
newer than this release, or a migration file that is no longer what was applied, is refused before
anything is touched.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from headrace.db.connection import SCHEMA, Login, connect
from headrace.db.failures import translated
from headrace.errors import Misconfigured

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.db.roles import RoleLogins

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent / "migrations"
OLDEST_SERVER = 140000

_LEDGER = f"""
  create schema if not exists {SCHEMA};
  create table if not exists {SCHEMA}.schema_migration (
    version integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now()
  )"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of ``migrations/``."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file's text, in hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_migrations(folder: Path = FOLDER) -> list[Migration]:
    """Read all migrations, in order."""
    return [
        Migration(int(file.name[:4]), file.stem, file.read_text(encoding="utf-8"))
        for file in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    ]


async def migrate(owner: Login, roles: RoleLogins) -> list[str]:
    """Make the schema what this release needs; returns the names of the migrations applied now.

    Raises Misconfigured where the database is too old, newer than us, or not what we applied.
    """
    connection = await connect(owner, "migrate")
    try:
        with translated():
            await _check_server(connection)
            await connection.execute("select pg_advisory_lock(hashtext('headrace.migrate'))")
            await _make_roles(connection, roles)
            await connection.execute(_LEDGER)
            applied = await _apply_pending(connection)
            await connection.execute("select extend_job_history()")
            return applied
    finally:
        await connection.close()


async def check_current(connection: Connection) -> None:
    """Refuse a database whose schema is not this release's; raises Misconfigured."""
    try:
        newest = await connection.fetchval("select schema_version()")
    except (asyncpg.UndefinedFunctionError, asyncpg.InsufficientPrivilegeError):
        newest = None
    wanted = load_migrations()[-1].version
    if newest is None or newest < wanted:
        raise Misconfigured("the database's schema is behind this release; run `headrace migrate` first")
    if newest > wanted:
        raise Misconfigured(
            f"the database's schema (version {newest}) is newer than this release (version {wanted});"
            " upgrade Headrace, or restore a backup made with this release"
        )


async def _check_server(connection: Connection) -> None:
    number = int(await connection.fetchval("show server_version_num"))
    if number < OLDEST_SERVER:
        raise Misconfigured(f"PostgreSQL {number // 10000} is too old; Headrace needs 14 or newer")
    encoding = await connection.fetchval("show server_encoding")
    if encoding != "UTF8":
        raise Misconfigured(f"the database's encoding is {encoding}; Headrace needs a database in UTF8")


async def _make_roles(connection: Connection, roles: RoleLogins) -> None:
    try:
        for login in (roles.server, roles.worker):
            exists = await connection.fetchval("select 1 from pg_roles where rolname = $1", login.user)
            verb = "alter" if exists else "create"
            statement = await connection.fetchval(
                "select format('%s role %I login password %L', $1::text, $2::text, $3::text)",
                verb,
                login.user,
                login.password,
            )
            await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError as error:
        raise Misconfigured(
            "the database user may not create roles; run `headrace migrate` once with a user that has"
            " CREATEROLE"
        ) from error


async def _apply_pending(connection: Connection) -> list[str]:
    migrations = load_migrations()
    rows = await connection.fetch("select version, checksum from schema_migration")
    applied: dict[int, str] = {row["version"]: row["checksum"] for row in rows}
    known = {migration.version: migration for migration in migrations}
    if ahead := sorted(applied.keys() - known.keys()):
        raise Misconfigured(
            f"the database's schema has version {ahead[-1]}, which this release does not know;"
            " upgrade Headrace, or restore a backup made with this release"
        )
    for version, checksum in applied.items():
        if known[version].checksum != checksum:
            raise Misconfigured(f"migration {known[version].name} is not the file that was applied")
    pending = [migration for migration in migrations if migration.version not in applied]
    for migration in pending:
        await _apply(connection, migration)
    return [migration.name for migration in pending]


async def _apply(connection: Connection, migration: Migration) -> None:
    log.info("applying migration %s", migration.name)
    async with connection.transaction():
        await connection.execute("set local lock_timeout = '5s'; set local statement_timeout = '15min'")
        # Functions keep this path. Unless it is named last, everybody's temporary tables come first.
        await connection.execute(f"set local search_path = {SCHEMA}, pg_temp")
        await connection.execute(migration.sql)
        await connection.execute(
            "insert into schema_migration (version, name, checksum) values ($1, $2, $3)",
            migration.version,
            migration.name,
            migration.checksum,
        )
