"""A connection whose work is undone after each request, so that one world serves them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headrace.db.roles import SERVER_ROLE

if TYPE_CHECKING:
    import asyncpg

_SETTINGS = [
    f"headrace.{name}"
    for name in (
        "workspace", "email", "username", "admin", "superadmin", "identities", "readable", "writable",
        "owned", "job",
    )
]  # fmt: skip
_NOBODY = "select set_config(name, '', true) from unnest($1::text[]) name"
_TABLES = """
select oid::regclass::text from pg_class
where relnamespace = 'headrace'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1"""


class UndoingPool:
    """Stands where a server has its pool: one connection of the cluster's superuser, who becomes its role.

    With ``walled`` false it stays the superuser, whom row-level security does not bind.
    """

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.walled = True
        self._connection = connection
        self._outer = connection.transaction()
        self._uses = 0

    async def acquire(self, **_: float) -> asyncpg.Connection:
        """The connection, as somebody who has told nobody who they are."""
        if self._uses:
            await self._connection.execute(_NOBODY, _SETTINGS)
        self._uses += 1
        return self._connection

    async def release(self, connection: asyncpg.Connection) -> None:
        """Nothing: the next one takes it as it is."""

    def get_size(self) -> int:
        """One, as ``get_max_size`` and ``get_idle_size`` say."""
        return 1

    get_max_size = get_idle_size = get_size

    async def begin(self) -> None:
        """Begin what will be undone."""
        self._outer = self._connection.transaction()
        self._uses = 0
        await self._outer.start()
        if self.walled:
            await self._connection.execute(f"set local session authorization {SERVER_ROLE}")

    async def undo(self) -> None:
        """Undo all since ``begin``."""
        await self._outer.rollback()

    async def changed(self, before: dict[str, Any]) -> list[str]:
        """The tables that have been changed since ``begin``."""
        if not await self._connection.fetchval("select pg_current_xact_id_if_assigned() is not null"):
            return []
        await self._connection.execute("reset session authorization")
        after = await self.look()
        return [table for table in before if before[table] != after[table]]

    async def look(self) -> dict[str, Any]:
        """What is in each table, as a digest."""
        tables = [row[0] for row in await self._connection.fetch(_TABLES)]
        parts = [
            f"select '{table}', md5(string_agg(t::text, ',' order by t::text)) from {table} t"
            for table in tables
        ]
        return {row[0]: row[1] for row in await self._connection.fetch(" union all ".join(parts))}
