"""Script versions in the database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import asyncpg

from headrace.db.queries import load_queries
from headrace.errors import Conflict
from headrace.model.ids import JobId, ScriptHash
from headrace.model.script import NewScript, Script, script_hash

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record

SQL = load_queries(__file__, "scripts.sql")

_MOST_TURNS = 100
"""How often the newest version of a path may give way to another while somebody waits for it."""


async def lock_head(connection: Connection, workspace: str, path: str) -> ScriptHash | None:
    """The newest version of a path, locked until the transaction ends; None where there is none.

    Who has waited for another deployment gets the version that it made. Raises Conflict after many of them.
    """
    for _ in range(_MOST_TURNS):
        # A row that gave way while we waited for it is passed over; its successor is in a later snapshot.
        head = await SQL.lock_head.value(connection, workspace=workspace, path=path)
        if head is not None or await SQL.read_head.row(connection, workspace=workspace, path=path) is None:
            return head
    raise Conflict(f"script {path} is being deployed by others all the time; try again")


async def archive_version(connection: Connection, workspace: str, version: ScriptHash) -> str | None:
    """Make a version give way; returns its path, or None where there is nothing (more) to archive."""
    return await SQL.archive_version.value(connection, workspace=workspace, hash=version)


async def add(connection: Connection, workspace: str, script: NewScript, created_by: str) -> ScriptHash:
    """Store a version; its hash. Raises Conflict where another head or another child of its parent exists.

    A line may begin like an earlier one that was archived, moved or deleted: it is another version.
    """
    version = script_hash(workspace, script)
    while not await _add(connection, workspace, version, script, created_by):
        version = script_hash(workspace, script, other_than=version)
    return version


async def _add(
    connection: Connection, workspace: str, version: ScriptHash, script: NewScript, created_by: str
) -> bool:
    try:
        added = await SQL.add_script.count(
            connection,
            workspace=workspace,
            hash=version,
            path=script.path,
            parent_hash=script.parent_hash,
            summary=script.summary,
            description=script.description,
            content=script.content,
            language=script.language,
            kind=script.kind,
            schema=json.dumps(script.schema) if script.schema is not None else None,
            lock=script.lock,
            lock_job=None,
            is_library=script.is_library,
            has_preprocessor=script.has_preprocessor,
            deployment_message=script.deployment_message,
            settings=json.dumps(script.settings),
            created_by=created_by,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(
            f"{script.path} was deployed by somebody else in the meantime; look at what changed and deploy on"
            " top of the newest version"
        ) from error
    return bool(added)


async def set_lock_job(connection: Connection, workspace: str, version: ScriptHash, job: JobId) -> None:
    """Note which dependencies job makes a version's lock."""
    await SQL.set_lock_job.run(connection, workspace=workspace, hash=version, job=job)


async def settle_lock(connection: Connection, job: JobId, lock: str | None, error: str | None) -> set[str]:
    """Store the lock that a dependencies job made, or why it made none, and let go who waits for it.

    The job has ended in this very transaction. Returns the tags of the jobs let go; a second time
    changes nothing.
    """
    rows = await SQL.settle_lock.rows(connection, job=job, lock=lock, lock_error=error)
    return {row["tag"] for row in rows}


async def read(
    connection: Connection, workspace: str, version: ScriptHash, *, for_run: bool = False
) -> Script | None:
    """One version by its hash. ``for_run`` keeps its lock from changing until the transaction ends."""
    row = await SQL.read_script.row(connection, workspace=workspace, hash=version)
    if row is not None and for_run:
        row = await _held(connection, row)
    return script_of(row) if row else None


async def read_head(
    connection: Connection, workspace: str, path: str, *, for_run: bool = False
) -> Script | None:
    """The newest version of a path; None where there is none to see. ``for_run`` as in ``read``."""
    row = await SQL.read_head.row(connection, workspace=workspace, path=path)
    if row is not None and for_run:
        row = await _held(connection, row)
    return script_of(row) if row else None


async def read_newest(connection: Connection, workspace: str, path: str) -> Script | None:
    """The newest version of a path or, where it was archived, the last that was there; None for neither."""
    row = await SQL.read_head.row(connection, workspace=workspace, path=path)
    if row is None:
        row = await SQL.read_last_archived.row(connection, workspace=workspace, path=path)
    return script_of(row) if row else None


async def read_line_head(connection: Connection, workspace: str, line: ScriptHash) -> Script | None:
    """The newest version of a line, at whatever path; None where it was archived or can't be seen."""
    row = await SQL.read_line_end.row(connection, workspace=workspace, line=line)
    return script_of(row) if row and not row["archived"] else None


async def read_successor(connection: Connection, workspace: str, version: ScriptHash) -> Script | None:
    """The version deployed on top of one, at whatever path; None where there is none to see."""
    row = await SQL.read_successor.row(connection, workspace=workspace, hash=version)
    return script_of(row) if row else None


async def deleted_path(connection: Connection, version: ScriptHash) -> str | None:
    """The path of a version that was deleted; None where there is none, or none that one may know of."""
    return await SQL.deleted_path.value(connection, hash=version)


async def read_lineage(connection: Connection, workspace: str, script: Script) -> list[ScriptHash]:
    """Ancestors of a version that one may see, nearest first, at most a hundred."""
    rows = await SQL.read_lineage.rows(
        connection, workspace=workspace, line=script.line, number=script.number
    )
    return [row["hash"] for row in rows]


async def read_modules(connection: Connection, workspace: str, paths: set[str]) -> dict[str, str]:
    """The source of the newest versions of these paths, as far as they are there to be read."""
    rows = await SQL.read_modules.rows(connection, workspace=workspace, paths=sorted(paths))
    return {row["path"]: row["content"] for row in rows}


async def read_content_hashes(
    connection: Connection, workspace: str, owners: list[str] | None, paths: set[str]
) -> dict[str, str]:
    """The SHA-256 in hex of what is at each of these paths, as far as these owners (None: all) have it."""
    rows = await SQL.read_content_hashes.rows(
        connection,
        workspace=workspace,
        every_owner=owners is None,
        owners=owners or [],
        paths=sorted(paths),
    )
    return {row["path"]: row["hash"] for row in rows}


async def list_paths(connection: Connection, workspace: str, owners: list[str] | None) -> list[str]:
    """The paths of all scripts of these owners (None: of all), in order."""
    rows = await SQL.list_paths.rows(
        connection, workspace=workspace, every_owner=owners is None, owners=owners or []
    )
    return [row["path"] for row in rows]


async def list_sources(
    connection: Connection, workspace: str, owners: list[str] | None, most_bytes: int
) -> dict[str, str]:
    """The source of each script of these owners (None: of all) by path, the latest up to ``most_bytes``."""
    rows = await SQL.list_sources.rows(
        connection,
        workspace=workspace,
        every_owner=owners is None,
        owners=owners or [],
        most_bytes=most_bytes,
    )
    return {row["path"]: row["content"] for row in rows}


async def _held(connection: Connection, row: Record) -> Record | None:
    """A version whose lock won't change: one that is there never does, another may come at this moment."""
    if row["lock"] is not None or row["lock_error"] is not None:
        return row
    version = {"workspace": row["workspace_id"], "hash": row["hash"]}
    await SQL.hold_lock.run(connection, **version)
    return await SQL.read_script.row(connection, **version)


def script_of(row: Record) -> Script:
    """A version from a row with all columns of the table."""
    schema: dict[str, Any] | None = json.loads(row["schema"]) if row["schema"] else None
    return Script(
        hash=row["hash"],
        path=row["path"],
        parent_hash=row["parent_hash"],
        content=row["content"],
        language=row["language"],
        summary=row["summary"],
        description=row["description"],
        kind=row["kind"],
        schema=schema,
        lock=row["lock"],
        lock_error=row["lock_error"],
        lock_job=row["lock_job"],
        is_library=row["is_library"],
        deployment_message=row["deployment_message"],
        settings=json.loads(row["settings"]),
        extra_perms=json.loads(row["extra_perms"]),
        created_by=row["created_by"],
        created_at=row["created_at"],
        archived=row["archived"],
        deleted=row["deleted"],
        line=row["line"],
        number=row["number"],
        error_handler_muted=row["error_handler_muted"],
        has_preprocessor=row["has_preprocessor"],
    )
