"""Source that was sent without being deployed, and which job imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.db.queries import load_queries

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId

SQL = load_queries(__file__, "raw_scripts.sql")


async def add(
    connection: Connection, workspace: str, email: str, *, digest: str, content: str, most_bytes: int
) -> bool:
    """Keep somebody's source for a day; False where the workspace keeps ``most_bytes`` that jobs need."""
    key = {"workspace": workspace, "email": email, "hash": digest}
    if await SQL.refresh_raw_script.value(connection, **key) is not None:
        return True
    if not await SQL.make_room_for_raw_script.value(
        connection, bytes=len(content.encode()), most_bytes=most_bytes
    ):
        return False
    await SQL.add_raw_script.run(connection, **key, content=content)
    return True


async def find(connection: Connection, workspace: str, email: str, hashes: set[str]) -> dict[str, int]:
    """The ids of what somebody has stored, by hash, as far as it is there."""
    rows = await SQL.find_raw_scripts.rows(
        connection, workspace=workspace, email=email, hashes=sorted(hashes)
    )
    return {row["hash"]: row["id"] for row in rows}


async def give(connection: Connection, job: JobId, by_path: dict[str, int]) -> None:
    """Have a job import these instead of what is deployed at their paths."""
    await SQL.give_raw_scripts.run(connection, job=job, paths=list(by_path), ids=list(by_path.values()))


async def read_given(connection: Connection, job: JobId) -> dict[str, str]:
    """The source that a job was given, by path."""
    return {row["path"]: row["content"] for row in await SQL.read_given_raw_scripts.rows(connection, job=job)}


async def clean(connection: Connection) -> None:
    """Delete what is old, and no live job needs."""
    await SQL.forget_given_raw_scripts.run(connection)
    await SQL.delete_old_raw_scripts.run(connection)
