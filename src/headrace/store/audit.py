"""The audit log: one row for each mutation, in its transaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from headrace.db.queries import load_queries

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.principal import Principal

SQL = load_queries(__file__, "audit.sql")

Action = Literal["Created", "Updated", "Delete", "Execute"]


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
