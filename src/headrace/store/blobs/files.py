"""Files of a workspace: keys, and the blobs that they refer to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from headrace.db.queries import load_queries
from headrace.errors import Conflict
from headrace.model.blob import read_blob, write_blob

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.blob import Blob

SQL = load_queries(__file__, "files.sql")


@dataclass(frozen=True, slots=True)
class File:
    """A file: ``blob`` has its bytes."""

    key: str
    blob: Blob
    content_type: str | None
    edited_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a list, or at one level a folder, whose ``name`` ends in a slash. ``size`` is in bytes."""

    name: str
    is_folder: bool
    size: int
    edited_at: datetime


async def put(
    connection: Connection, workspace: str, key: str, blob: Blob, *, content_type: str | None, by: str
) -> None:
    """A file under a key, in place of one that is there."""
    await SQL.put_file.run(
        connection,
        workspace=workspace,
        key=key,
        blob=write_blob(blob),
        content_type=content_type,
        created_by=by,
    )


async def read(connection: Connection, workspace: str, key: str) -> File | None:
    """The file under a key; None where there is none to see."""
    row = await SQL.read_file.row(connection, workspace=workspace, key=key)
    return File(key, read_blob(row["blob"]), row["content_type"], row["edited_at"]) if row else None


async def delete(connection: Connection, workspace: str, key: str) -> bool:
    """Remove a file; whether there was one."""
    return await SQL.delete_file.value(connection, workspace=workspace, key=key) is not None


async def move(connection: Connection, workspace: str, key: str, new_key: str) -> bool:
    """Give a file another key; whether there was one. Raises Conflict where the other key is taken."""
    try:
        moved = await SQL.move_file.value(connection, workspace=workspace, key=key, new_key=new_key)
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"there is a file {new_key} already: delete it, or choose another key") from error
    return moved is not None


async def list_keys(
    connection: Connection, workspace: str, *, marker: str, prefix: str, search: str, most: int
) -> list[Entry]:
    """Files in order of their keys, after a marker; only those with a prefix and with a text in their key."""
    rows = await SQL.list_files.rows(
        connection, workspace=workspace, marker=marker, prefix=prefix, search=search, most=most
    )
    return [Entry(row["key"], is_folder=False, size=row["size"], edited_at=row["edited_at"]) for row in rows]


async def list_level(
    connection: Connection, workspace: str, *, marker: str, prefix: str, most: int
) -> list[Entry]:
    """What lies directly below a prefix, in order, after a marker; names are without the prefix."""
    rows = await SQL.list_level.rows(connection, workspace=workspace, marker=marker, prefix=prefix, most=most)
    return [Entry(row["name"], row["is_folder"], row["size"], row["edited_at"]) for row in rows]


async def exists(connection: Connection, workspace: str, key: str) -> tuple[bool, bool]:
    """Whether there is a file under a key, and whether there are files below it."""
    row = await SQL.file_exists.row(connection, workspace=workspace, key=key)
    return (row["is_file"], row["is_folder"]) if row else (False, False)


async def usage(connection: Connection, workspace: str) -> tuple[int, datetime]:
    """Bytes of all files, and when that was."""
    [row] = await SQL.sum_files.rows(connection, workspace=workspace)
    return row["bytes"], row["computed_at"]


async def read_link_key(connection: Connection) -> bytes:
    """What links to files are signed with; the same for all servers of a database."""
    return await SQL.read_file_link_key.value(connection)


async def read_linked(connection: Connection, workspace: str, key: str) -> tuple[Blob, str | None] | None:
    """Blob and content type of a file, for a link whose signature has been found right."""
    row = await SQL.read_linked_file.row(connection, workspace=workspace, key=key)
    return (read_blob(row["blob"]), row["content_type"]) if row else None
