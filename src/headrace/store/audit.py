"""The audit log: one row for each mutation, in its transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from headrace.db.queries import load_queries

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record
    from headrace.model.principal import Principal

SQL = load_queries(__file__, "audit.sql")

Action = Literal["Created", "Updated", "Delete", "Execute"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One mutation; ``workspace`` is None where it was one of the instance."""

    id: int
    at: datetime
    workspace: str | None
    username: str
    operation: str
    action: Action
    resource: str | None
    parameters: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are wanted; None narrows nothing.

    ``workspace`` None stands for all of them; ``with_instance`` adds what concerns no workspace.
    """

    workspace: str | None
    with_instance: bool = False
    username: str | None = None
    before: datetime | None = None
    after: datetime | None = None
    before_id: int | None = None
    operations: list[str] | None = None
    not_operations: list[str] | None = None
    resource: str | None = None
    action: str | None = None


async def write(  # noqa: PLR0917 - reads like the row it writes
    connection: Connection,
    principal: Principal,
    operation: str,
    action: Action,
    resource: str | None,
    parameters: dict[str, Any] | None = None,
) -> None:
    """Record that ``principal`` did ``operation``; never with a secret in ``parameters``."""
    await SQL.write_audit.run(
        connection,
        workspace=principal.workspace,
        username=principal.username,
        operation=operation,
        action=action,
        resource=resource,
        parameters=json.dumps(parameters) if parameters else None,
    )


async def list_entries(
    connection: Connection, wanted: EntryFilter, *, limit: int, offset: int
) -> list[Entry]:
    """What was done, the latest first."""
    rows = await SQL.list_audit.rows(
        connection,
        workspace=wanted.workspace,
        with_instance=wanted.with_instance,
        username=wanted.username,
        before=wanted.before,
        after=wanted.after,
        before_id=wanted.before_id,
        operations=wanted.operations,
        not_operations=wanted.not_operations,
        resource=wanted.resource,
        action=wanted.action,
        most=limit,
        skip=offset,
    )
    return [_entry_of(row) for row in rows]


async def read(
    connection: Connection, entry: int, workspace: str, *, with_instance: bool, username: str | None
) -> Entry | None:
    """One entry, of this user unless None; None where there is none to see."""
    row = await SQL.read_audit.row(
        connection, id=entry, workspace=workspace, with_instance=with_instance, username=username
    )
    return _entry_of(row) if row else None


def _entry_of(row: Record) -> Entry:
    return Entry(
        id=row["id"],
        at=row["at"],
        workspace=row["workspace_id"],
        username=row["username"],
        operation=row["operation"],
        action=row["action_kind"],
        resource=row["resource"],
        parameters=json.loads(row["parameters"]) if row["parameters"] else None,
    )
