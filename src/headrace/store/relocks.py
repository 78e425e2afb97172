"""Locks that are made again because something imported has changed: causes, wishes, what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.model.ids import JobId, ScriptHash, WorkspaceId

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record

SQL = load_queries(__file__, "relocks.sql")


@dataclass(frozen=True, slots=True)
class Relocking:
    """A script whose lock is to be made again, or is being made by ``job``.

    ``permissioned_as`` is as whom, None where nobody knows who deployed it; ``because`` what it imports that
    changed (or that imports what changed), ``caused_by`` who changed it.
    """

    workspace: WorkspaceId
    path: str
    permissioned_as: str | None
    email: str | None
    because: str
    caused_by: str
    job: JobId | None
    version: ScriptHash
    language: str


@dataclass(frozen=True, slots=True)
class Relock:
    """What became of the last time that a script was locked again; states are those of the table."""

    state: str
    because: str
    caused_by: str
    wanted_at: datetime
    ended_at: datetime | None
    job: JobId | None
    version: ScriptHash | None
    message: str | None


async def add_cause(
    connection: Connection, workspace: str, imported_path: str, caused_by: str, *, only_failed: bool = False
) -> None:
    """Note that something has changed that others may import; what imports it will be locked again.

    ``only_failed`` says that no lock can come out another way, so that only those are tried again that
    failed.
    """
    await SQL.add_cause.run(
        connection,
        workspace=workspace,
        imported_path=imported_path,
        caused_by=caused_by,
        only_failed=only_failed,
    )


async def keep(connection: Connection, workspace: str, path: str, permissioned_as: str, email: str) -> None:
    """Note as whom a script that was just deployed is locked again; it has its own lock coming now."""
    await SQL.keep_relock.run(
        connection, workspace=workspace, path=path, permissioned_as=permissioned_as, email=email
    )


async def fill(connection: Connection, workspace: str, path: str, permissioned_as: str | None) -> None:
    """Note the same for a script that was deployed long ago, unless it is known."""
    await SQL.fill_relock.run(
        connection, workspace=workspace, path=path, permissioned_as=permissioned_as, email=None
    )


async def forget(connection: Connection, workspace: str, path: str) -> None:
    """A script imports nothing any more, or is gone."""
    await SQL.delete_relock.run(connection, workspace=workspace, path=path)


async def read(connection: Connection, workspace: str, path: str) -> Relock | None:
    """What became of the last time; None where there was none since the script was deployed."""
    row = await SQL.read_relock.row(connection, workspace=workspace, path=path)
    return Relock(**row) if row else None


async def spread_causes(connection: Connection) -> None:
    """Make wishes of all causes that there are."""
    while await SQL.count_causes.value(connection):
        await SQL.spread_causes.run(connection)


async def take_wanted(connection: Connection) -> list[Relocking]:
    """Scripts to be locked again, at most a hundred, theirs until the transaction ends."""
    return [_relocking(row) for row in await SQL.take_wanted.rows(connection)]


async def mark_running(connection: Connection, relocking: Relocking, job: JobId) -> None:
    """A job is at it."""
    await SQL.mark_running.run(connection, workspace=relocking.workspace, path=relocking.path, job=job)


async def mark_left(connection: Connection, relocking: Relocking, message: str) -> None:
    """It is not done, and why."""
    await SQL.mark_left.run(connection, workspace=relocking.workspace, path=relocking.path, message=message)


async def read_relocking(connection: Connection, job: JobId) -> Relocking | None:
    """What a job locks again; None for a job that does no such thing, or whose script is gone."""
    row = await SQL.read_relocking.row(connection, job=job)
    return _relocking(row) if row else None


async def end(connection: Connection, job: JobId, state: str, message: str | None) -> bool:
    """Note the end of a job that has ended in this transaction; whether it was one that locks again."""
    return await SQL.end_relock.value(connection, job=job, state=state, message=message)


async def add_version(
    connection: Connection, job: JobId, version: ScriptHash, lock: str, message: str
) -> bool:
    """Put a version with the new lock on top of the one that the job was for.

    False where that is not the newest any more; then nothing has changed.
    """
    return await SQL.add_relocked_version.value(connection, job=job, hash=version, lock=lock, message=message)


def _relocking(row: Record) -> Relocking:
    return Relocking(
        workspace=row["workspace_id"],
        path=row["path"],
        permissioned_as=row["permissioned_as"],
        email=row["email"],
        because=row["because"],
        caused_by=row["caused_by"],
        job=row["job"],
        version=row["hash"],
        language=row["language"],
    )
