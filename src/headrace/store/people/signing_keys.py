"""The keys that identity tokens are signed with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries

if TYPE_CHECKING:
    from headrace.db.connection import Connection

SQL = load_queries(__file__, "signing_keys.sql")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, as PEM, and the id that it is published by."""

    id: str
    private_pem: str


async def list_all(connection: Connection) -> list[SigningKey]:
    """All keys, the newest first."""
    rows = await SQL.read_signing_keys.rows(connection)
    return [SigningKey(row["id"], row["private_pem"]) for row in rows]


async def add_first(connection: Connection, key: SigningKey) -> None:
    """Add a key where there is none; whoever comes second adds nothing."""
    await SQL.add_first_signing_key.run(connection, id=key.id, private_pem=key.private_pem)
