"""The versions that a script has had: who deployed each, when, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.model.ids import ScriptHash

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.script import Script

SQL = load_queries(__file__, "scripts.sql")


@dataclass(frozen=True, slots=True)
class Deployment:
    """One version of a line, without what it consists of. ``path`` is the one that it had."""

    hash: ScriptHash
    number: int
    path: str
    message: str | None
    created_by: str
    created_at: datetime
    archived: bool


async def read_history(
    connection: Connection,
    workspace: str,
    line: ScriptHash,
    owners: list[str] | None,
    *,
    limit: int,
    offset: int,
) -> list[Deployment]:
    """The versions of a line at paths of these owners (None: of all), newest first, across its moves."""
    rows = await SQL.read_history.rows(
        connection,
        workspace=workspace,
        line=line,
        every_owner=owners is None,
        owners=owners or [],
        most=limit,
        skip=offset,
    )
    return [
        Deployment(
            hash=row["hash"],
            number=row["number"],
            path=row["path"],
            message=row["deployment_message"],
            created_by=row["created_by"],
            created_at=row["created_at"],
            archived=row["archived"],
        )
        for row in rows
    ]


async def set_message(connection: Connection, workspace: str, version: ScriptHash, message: str) -> bool:
    """Say anew why a version was deployed; False where there is none that one may change."""
    changed = await SQL.set_deployment_message.value(
        connection, workspace=workspace, hash=version, message=message
    )
    return changed is not None


async def mute_error_handler(connection: Connection, workspace: str, path: str, *, muted: bool) -> bool:
    """Keep a script's failures from the workspace's error handler, or not; False where there is no script."""
    changed = await SQL.set_error_handler_muted.value(connection, workspace=workspace, path=path, muted=muted)
    return changed is not None


def deployment_of(script: Script) -> Deployment:
    """A version that has been read, without what it consists of."""
    return Deployment(
        hash=script.hash,
        number=script.number,
        path=script.path,
        message=script.deployment_message,
        created_by=script.created_by,
        created_at=script.created_at,
        archived=script.archived,
    )
