"""Sets what a workspace adds to the environment of its jobs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from headrace.errors import Conflict, InvalidInput, TooLarge
from headrace.model.contextual_variables import is_contextual
from headrace.permissions import check
from headrace.store import audit
from headrace.store.values import environment

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.principal import Principal

MOST_VARIABLES = 100
MOST_BYTES = 8192

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


async def set_environment_variable(
    connection: Connection, principal: Principal, name: str, value: str | None
) -> None:
    """Give a variable of all jobs a value, or with None take it away. For admins.

    Raises InvalidInput, PermissionDenied, TooLarge; Conflict beyond MOST_VARIABLES.
    """
    check.require_admin(principal)
    if not _NAME.fullmatch(name):
        raise InvalidInput("name", "must be 1 to 100 letters, digits or '_', not beginning with a digit")
    if is_contextual(name):
        raise InvalidInput("name", f"{name} is set by Headrace for each job")
    if value is not None and len(value.encode()) > MOST_BYTES:
        raise TooLarge(f"value: is larger than {MOST_BYTES} bytes, the most in the environment")
    workspace = principal.workspace or ""
    await environment.set_one(connection, workspace, name, value)
    if len(await environment.read_all(connection, workspace)) > MOST_VARIABLES:
        raise Conflict(f"the environment of this workspace has {MOST_VARIABLES} variables, the most it can")
    await audit.write(
        connection,
        principal,
        "workspaces.set_environment_variable",
        "Updated" if value is not None else "Delete",
        name,
    )
