"""Resources: JSON values at paths, among them the state that scripts keep."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from headrace.db.queries import load_queries
from headrace.errors import Conflict, InvalidInput, NotFound

if TYPE_CHECKING:
    from headrace.db.connection import Connection

SQL = load_queries(__file__, "resources.sql")

_MOST_REFERENCES = 1000
"""Most references that one value may lead to: each may stand for many more."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource; ``value`` is a JSON text, or None where none was given."""

    path: str
    value: str | None
    resource_type: str
    description: str
    extra_perms: dict[str, bool]
    created_by: str
    edited_at: datetime


async def read(connection: Connection, workspace: str, path: str) -> Resource | None:
    """One resource; None where there is none to see."""
    row = await SQL.read_resource.row(connection, workspace=workspace, path=path)
    if row is None:
        return None
    return Resource(
        path=row["path"],
        value=row["value"],
        resource_type=row["resource_type"],
        description=row["description"],
        extra_perms=json.loads(row["extra_perms"]),
        created_by=row["created_by"],
        edited_at=row["edited_at"],
    )


async def add(
    connection: Connection,
    workspace: str,
    path: str,
    *,
    value: str | None,
    resource_type: str,
    description: str,
    created_by: str,
) -> None:
    """Make a resource; raises Conflict where the path is taken."""
    added = await SQL.add_resource.count(
        connection,
        workspace=workspace,
        path=path,
        value=value,
        resource_type=resource_type,
        description=description,
        created_by=created_by,
    )
    if not added:
        raise Conflict(f"resource {path} exists already")


async def set_value(connection: Connection, workspace: str, path: str, value: str | None) -> None:
    """Give a resource another value; raises NotFound."""
    changed = await SQL.set_value.value(connection, workspace=workspace, path=path, value=value)
    if changed is None:
        raise NotFound(f"resource {path} does not exist, or you may not change it")


async def interpolate(connection: Connection, workspace: str, path: str) -> Any:
    """A resource's value with the ``$res:`` references in it resolved, with the caller's rights.

    A string that begins with ``$res:`` is wholly a reference (features §7.4). Raises NotFound for a
    missing one, InvalidInput for a cycle and for more than _MOST_REFERENCES.
    """
    return await _Interpolation(connection, workspace).resolve(f"$res:{path}", ())


class _Interpolation:
    def __init__(self, connection: Connection, workspace: str) -> None:
        self._connection = connection
        self._workspace = workspace
        self._references = 0

    async def resolve(self, value: Any, trail: tuple[str, ...]) -> Any:
        match value:
            case str() if value.startswith("$res:"):
                return await self._follow(value.removeprefix("$res:"), trail)
            case dict():
                return {key: await self.resolve(item, trail) for key, item in value.items()}
            case list():
                return [await self.resolve(item, trail) for item in value]
            case _:
                return value

    async def _follow(self, path: str, trail: tuple[str, ...]) -> Any:
        if path in trail:
            raise InvalidInput(
                "path", "resources refer to one another in a circle: " + " → ".join((*trail, path))
            )
        self._references += 1
        if self._references > _MOST_REFERENCES:
            raise InvalidInput("path", f"the resource leads to more than {_MOST_REFERENCES} references")
        resource = await read(self._connection, self._workspace, path)
        if resource is None:
            raise NotFound(f"resource {path} does not exist, or you may not see it")
        inner = json.loads(resource.value) if resource.value is not None else None
        return await self.resolve(inner, (*trail, path))
