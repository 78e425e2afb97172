"""Makes a used database as good as a new one, which is many times cheaper than making a new one.

Whatever somebody has changed in the schema itself can't be undone here: such a database is told by its
fingerprint, and thrown away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headrace.db.connection import Connection

MOST_BYTES = 32 * 1024**2
"""A database larger than this is not worth cleaning: what is deleted still takes room in it."""

_FINGERPRINT = """
select md5(string_agg(entry, ',' order by entry)) from (
  select 'relation ' || oid || ' ' || xmin as entry from pg_class
  where relnamespace = 'headrace'::regnamespace
  union all
  select 'routine ' || oid || ' ' || xmin from pg_proc where pronamespace = 'headrace'::regnamespace
  union all
  select 'policy ' || oid || ' ' || xmin from pg_policy
  union all
  select 'trigger ' || oid || ' ' || xmin from pg_trigger
  union all
  select 'column ' || attrelid || '.' || attnum || ' ' || xmin from pg_attribute
  where attrelid in (select oid from pg_class where relnamespace = 'headrace'::regnamespace)
  union all
  select 'namespace ' || nspname from pg_namespace where nspname !~ '^pg_'
) entries"""

_TABLES = """
select oid::regclass::text from pg_class
where relnamespace = 'headrace'::regnamespace and relkind in ('r', 'p') and not relispartition"""

_COLUMNS = """
select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and attgenerated = ''"""

_OTHERS_GONE = """
select pg_terminate_backend(pid, 5000) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"""

_SEQUENCES = """
select setval(format('%I.%I', schemaname, sequencename), start_value, false)
from pg_sequences where last_value is not null"""


class CleanSlate:
    """What a migrated database holds before anybody has used it."""

    def __init__(self, fingerprint: str, tables: list[str], rows: dict[str, tuple[str, str]]) -> None:
        self._fingerprint = fingerprint
        self._tables = tables
        self._rows = rows  # table → its columns, and its rows as JSON

    @classmethod
    async def of(cls, connection: Connection) -> CleanSlate:
        """Look at a fresh database, as its owner."""
        tables = [row[0] for row in await connection.fetch(_TABLES)]
        rows: dict[str, tuple[str, str]] = {}
        for table in tables:
            if (found := await connection.fetchval(_rows_of(table))) is not None:
                rows[table] = (await connection.fetchval(_COLUMNS, table), found)
        return cls(await connection.fetchval(_FINGERPRINT), tables, rows)

    async def restore(self, connection: Connection) -> bool:
        """Put a used database back to it; False where that can't be done, and it should be dropped.

        Whoever else is still connected is thrown out.
        """
        await connection.execute(_OTHERS_GONE)
        if await connection.fetchval("select to_regnamespace('headrace') is null"):
            return False
        if await connection.fetchval(_FINGERPRINT) != self._fingerprint:
            return False
        if await connection.fetchval("select pg_database_size(current_database())") > MOST_BYTES:
            return False
        async with connection.transaction():
            await connection.execute("set local session_replication_role = replica")
            for table in self._tables:
                kept = self._rows.get(table)
                if kept is None:
                    await connection.execute(f"delete from {table}")
                elif await connection.fetchval(_rows_of(table)) != kept[1]:
                    await connection.execute(f"delete from {table}")
                    await connection.execute(_refill(table, kept[0]), kept[1])
        await connection.execute(_SEQUENCES)
        return True


def _rows_of(table: str) -> str:
    return f"select jsonb_agg(r order by r)::text from (select to_jsonb(t) as r from {table} t) rows"


def _refill(table: str, columns: str) -> str:
    return (
        f"insert into {table} ({columns}) overriding system value"
        f" select {columns} from jsonb_populate_recordset(null::{table}, $1::text::jsonb)"
    )
