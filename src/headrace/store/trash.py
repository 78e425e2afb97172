"""The trash bin: what was deleted can be restored for three days, then it is erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from headrace.db.queries import load_queries
from headrace.errors import Conflict
from headrace.model.ids import ScriptHash
from headrace.store.scripts import script_of

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record
    from headrace.model.script import Script

SQL = load_queries(__file__, "trash.sql")

LARGEST_ID = 2**63 - 1
_MOST_VERSIONS = 100
"""So many versions of a trashed script are shown; all are restored."""


@dataclass(frozen=True, slots=True)
class TrashItem:
    """One thing that was deleted, as a whole."""

    id: int
    item_kind: str
    item_path: str
    deleted_by: str
    deleted_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Restored:
    """A version that is back. Where it is not locked, somebody has to start that."""

    hash: ScriptHash
    path: str
    language: str
    is_locked: bool


async def put_script(connection: Connection, path: str, version: ScriptHash | None = None) -> int | None:
    """Delete all versions at a path, or one; the item's id, or None where there is nothing to delete.

    For admins of the workspace; the database lets nobody else.
    """
    return await SQL.trash_script.value(connection, path=path, hash=version)


async def list_items(
    connection: Connection, workspace: str, kind: str | None, *, limit: int, offset: int
) -> list[TrashItem]:
    """What lies in the bin, the latest first."""
    rows = await SQL.list_trash.rows(connection, workspace=workspace, kind=kind, most=limit, skip=offset)
    return [_item(row) for row in rows]


async def read(connection: Connection, workspace: str, item: int) -> TrashItem | None:
    """One item; None where there is none to see."""
    row = await SQL.read_trash.row(connection, workspace=workspace, id=item)
    return _item(row) if row else None


async def read_versions(connection: Connection, workspace: str, item: int) -> list[Script]:
    """The newest of the versions that an item holds, latest first."""
    rows = await SQL.read_trashed_versions.rows(connection, workspace=workspace, id=item, most=_MOST_VERSIONS)
    return [script_of(row) for row in rows]


async def restore_script(connection: Connection, item: TrashItem) -> list[Restored]:
    """Give versions back to their path; none where the item has gone. Raises Conflict where it is taken."""
    try:
        rows = await SQL.restore_trashed_script.rows(connection, id=item.id)
    except asyncpg.UniqueViolationError as error:
        raise Conflict(
            f"there is a script at {item.item_path} again: move or archive that one, then restore this one"
        ) from error
    return [Restored(row["hash"], row["path"], row["language"], row["is_locked"]) for row in rows]


async def erase(connection: Connection, item: int | None) -> int:
    """Erase one item for good, or with None all of the workspace's; how many there were."""
    return await SQL.erase_trash.value(connection, id=item)


async def erase_expired(connection: Connection) -> int:
    """Erase, in all workspaces, what nobody has restored in time; how many items, at most a hundred."""
    return await SQL.erase_expired_trash.value(connection)


def _item(row: Record) -> TrashItem:
    return TrashItem(
        id=row["id"],
        item_kind=row["item_kind"],
        item_path=row["item_path"],
        deleted_by=row["deleted_by"],
        deleted_at=row["deleted_at"],
        expires_at=row["expires_at"],
    )
