"""Script versions in the database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import asyncpg

from headrace.db.queries import load_queries
from headrace.errors import Conflict
from headrace.model.ids import JobId, ScriptHash
from headrace.model.script import NewScript, Script

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record

SQL = load_queries(__file__, "scripts.sql")


async def lock_head(connection: Connection, workspace: str, path: str) -> ScriptHash | None:
    """The newest version of a path, locked until the transaction ends; None where there is none."""
    return await SQL.lock_head.value(connection, workspace=workspace, path=path)


async def archive_version(connection: Connection, workspace: str, version: ScriptHash) -> str | None:
    """Make a version give way; returns its path, or None where there is nothing (more) to archive."""
    return await SQL.archive_version.value(connection, workspace=workspace, hash=version)


async def add(
    connection: Connection, workspace: str, version: ScriptHash, script: NewScript, created_by: str
) -> None:
    """Store a version. Raises Conflict where it, another head or another child of its parent exists."""
    try:
        await SQL.add_script.run(
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
            f"{script.path} was deployed by somebody else in the meantime, or this very version exists"
            " already; deploy again on top of the newest version"
        ) from error


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
    if row is not None and for_run and row["lock"] is None and row["lock_error"] is None:
        # A lock that is there never changes; this one may be coming at this moment.
        await SQL.hold_lock.run(connection, workspace=workspace, hash=version)
        row = await SQL.read_script.row(connection, workspace=workspace, hash=version)
    return _script(row) if row else None


async def read_head(connection: Connection, workspace: str, path: str) -> Script | None:
    """The newest version of a path; None where there is none to see."""
    row = await SQL.read_head.row(connection, workspace=workspace, path=path)
    return _script(row) if row else None


async def read_lineage(connection: Connection, workspace: str, version: ScriptHash) -> list[ScriptHash]:
    """Ancestors of a version, nearest first, at most a hundred."""
    return [row["hash"] for row in await SQL.read_lineage.rows(connection, workspace=workspace, hash=version)]


async def read_modules(connection: Connection, workspace: str, paths: set[str]) -> dict[str, str]:
    """The source of the newest versions of these paths, as far as they are there to be read."""
    rows = await SQL.read_modules.rows(connection, workspace=workspace, paths=sorted(paths))
    return {row["path"]: row["content"] for row in rows}


async def list_heads(  # noqa: PLR0913 - a filter for each column
    connection: Connection,
    workspace: str,
    *,
    path_exact: str | None = None,
    path_start: str | None = None,
    created_by: str | None = None,
    archived: bool = False,
    with_libraries: bool = False,
    newest_first: bool = True,
    limit: int = 30,
    offset: int = 0,
) -> list[Script]:
    """The newest versions of paths, without their source; ``archived`` lists what made way instead."""
    rows = await SQL.list_scripts.rows(
        connection,
        workspace=workspace,
        archived=archived,
        path_exact=path_exact,
        path_start=path_start,
        created_by=created_by,
        with_libraries=with_libraries,
        newest_first=newest_first,
        most=limit,
        skip=offset,
    )
    return [_script(row) for row in rows]


def _script(row: Record) -> Script:
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
        has_preprocessor=row["has_preprocessor"],
    )
