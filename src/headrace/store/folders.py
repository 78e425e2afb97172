"""Folders: places in a workspace with owners and rights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.errors import Conflict, NotFound

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record

SQL = load_queries(__file__, "folders.sql")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder. ``extra_perms`` maps ``u/<user>`` or ``g/<group>`` to true (write) or false (read)."""

    name: str
    display_name: str
    summary: str
    owners: tuple[str, ...]
    extra_perms: dict[str, bool]
    labels: tuple[str, ...]
    created_by: str
    edited_at: datetime | None = None


async def add(connection: Connection, workspace: str, folder: Folder) -> None:
    """Make a folder; raises Conflict where its name is taken."""
    added = await SQL.add_folder.count(
        connection,
        workspace=workspace,
        name=folder.name,
        display_name=folder.display_name,
        summary=folder.summary,
        owners=list(folder.owners),
        extra_perms=json.dumps(folder.extra_perms),
        labels=list(folder.labels),
        created_by=folder.created_by,
    )
    if not added:
        raise Conflict(f"folder {folder.name} exists already")


async def list_all(
    connection: Connection, workspace: str, owners: list[str] | None, *, limit: int | None, offset: int = 0
) -> list[Folder]:
    """Folders among ``owners`` (None: all), such as ``f/reports``, by name."""
    rows = await SQL.list_folders.rows(
        connection,
        workspace=workspace,
        every_owner=owners is None,
        owners=owners or [],
        most=limit,
        skip=offset,
    )
    return [_folder_of(row) for row in rows]


async def read(connection: Connection, workspace: str, name: str) -> Folder | None:
    """One folder; None where there is none to see."""
    row = await SQL.read_folder.row(connection, workspace=workspace, name=name)
    return _folder_of(row) if row else None


async def lock(connection: Connection, workspace: str, name: str) -> Folder:
    """One folder until the transaction ends, for those who own it; raises NotFound."""
    row = await SQL.lock_folder.row(connection, workspace=workspace, name=name)
    if row is None:
        raise missing(name)
    return _folder_of(row)


async def change(connection: Connection, workspace: str, folder: Folder) -> None:
    """Give a folder that is locked another state."""
    await SQL.change_folder.run(
        connection,
        workspace=workspace,
        name=folder.name,
        display_name=folder.display_name,
        summary=folder.summary,
        owners=list(folder.owners),
        extra_perms=json.dumps(folder.extra_perms),
        labels=list(folder.labels),
    )


async def remove(connection: Connection, workspace: str, name: str) -> None:
    """Remove a folder; what lies in it stays, for admins. Raises NotFound."""
    if not await SQL.remove_folder.count(connection, workspace=workspace, name=name):
        raise missing(name)


async def count_items(connection: Connection, owner: str) -> dict[str, int]:
    """How many things of each kind lie under ``f/<folder>`` or ``u/<user>``, whoever may see them."""
    return {row["kind"]: row["items"] for row in await SQL.count_items.rows(connection, owner=owner)}


def missing(name: str) -> NotFound:
    """What to raise where there is no such folder to see."""
    return NotFound(f"folder {name} does not exist, or you may not see it")


def _folder_of(row: Record) -> Folder:
    return Folder(
        name=row["name"],
        display_name=row["display_name"],
        summary=row["summary"],
        owners=tuple(row["owners"]),
        extra_perms=json.loads(row["extra_perms"]),
        labels=tuple(row["labels"]),
        created_by=row["created_by"],
        edited_at=row["edited_at"],
    )
