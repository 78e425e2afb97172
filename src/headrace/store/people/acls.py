"""Rights on single things, given by name: the column ``extra_perms`` of the tables that have it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headrace.db.queries import load_queries
from headrace.errors import NotFound

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.db.queries import Query

SQL = load_queries(__file__, "acls.sql")

Kind = Literal["script", "resource", "variable", "folder", "group"]


@dataclass(frozen=True, slots=True)
class _Statements:
    read: Query
    add: Query
    remove: Query


_STATEMENTS: dict[Kind, _Statements] = {
    "script": _Statements(SQL.read_script_perms, SQL.add_script_perm, SQL.remove_script_perm),
    "resource": _Statements(SQL.read_resource_perms, SQL.add_resource_perm, SQL.remove_resource_perm),
    "variable": _Statements(SQL.read_variable_perms, SQL.add_variable_perm, SQL.remove_variable_perm),
    "folder": _Statements(SQL.read_folder_perms, SQL.add_folder_perm, SQL.remove_folder_perm),
    "group": _Statements(SQL.read_group_perms, SQL.add_group_perm, SQL.remove_group_perm),
}


async def read(connection: Connection, workspace: str, kind: Kind, path: str) -> dict[str, bool]:
    """The rights on a thing: identities, and true (write) or false (read). Raises NotFound."""
    perms = await _STATEMENTS[kind].read.value(connection, workspace=workspace, path=path)
    if perms is None:
        raise _missing(kind, path)
    return json.loads(perms)


async def add(
    connection: Connection, workspace: str, kind: Kind, path: str, identity: str, *, write: bool
) -> None:
    """Give an identity a right on a thing, in place of the one it has; raises NotFound."""
    changed = await _STATEMENTS[kind].add.count(
        connection, workspace=workspace, path=path, identity=identity, write=write
    )
    if not changed:
        raise _missing(kind, path)


async def remove(connection: Connection, workspace: str, kind: Kind, path: str, identity: str) -> None:
    """Take an identity's right on a thing away; it may have none. Raises NotFound without the thing."""
    changed = await _STATEMENTS[kind].remove.count(
        connection, workspace=workspace, path=path, identity=identity
    )
    if not changed:
        raise _missing(kind, path)


def _missing(kind: Kind, path: str) -> NotFound:
    return NotFound(f"{kind} {path} does not exist, or you may not see it")
