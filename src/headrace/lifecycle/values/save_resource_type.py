"""Makes, changes and removes types of resources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from headrace.errors import InvalidInput, NotFound, PermissionDenied
from headrace.permissions import check
from headrace.store import audit
from headrace.store.values import resource_types

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.principal import Principal
    from headrace.store.values.resource_types import ResourceType

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_EXTENSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,49}")


def check_type_name(name: str, field: str = "name") -> str:
    """Return a well-formed name of a type as it is; raises InvalidInput naming ``field``."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(field, "must be 1 to 100 letters, digits, '_', '-' or '.'")
    return name


async def find_type(connection: Connection, principal: Principal, name: str) -> ResourceType:
    """A type that can be used in the workspace; raises NotFound."""
    found = await resource_types.read(connection, principal.workspace or "", check_type_name(name))
    if found is None:
        raise NotFound(f"resource type {name} does not exist")
    return found


async def create_type(  # noqa: PLR0913 - the columns of a type
    connection: Connection,
    principal: Principal,
    name: str,
    *,
    schema: str | None,
    description: str,
    display_name: str | None,
    format_extension: str | None,
    is_fileset: bool,
) -> None:
    """Make a type of the workspace. Raises InvalidInput, PermissionDenied; Conflict where it has one."""
    check.require_developer(principal)
    await resource_types.add(
        connection,
        principal.workspace or "",
        check_type_name(name),
        schema=schema,
        description=description,
        display_name=display_name,
        format_extension=_checked(format_extension),
        is_fileset=is_fileset,
        username=principal.username,
    )
    await audit.write(connection, principal, "resource_types.create", "Created", name)


async def find_own_type(connection: Connection, principal: Principal, name: str) -> ResourceType:
    """A type of the workspace that the principal may change: who made it, or an admin.

    Raises NotFound, PermissionDenied.
    """
    found = await find_type(connection, principal, name)
    check.require_developer(principal)
    if found.workspace != principal.workspace:
        raise PermissionDenied(f"resource type {name} is one of the workspace {found.workspace}")
    if not check.may_change_type(principal, found.created_by):
        raise PermissionDenied("a resource type is changed by who made it, and by admins")
    return found


async def update_type(connection: Connection, principal: Principal, changed: ResourceType) -> None:
    """Make one's own type like ``changed``. Raises InvalidInput."""
    _checked(changed.format_extension)
    await resource_types.change(connection, changed)
    await audit.write(connection, principal, "resource_types.update", "Updated", changed.name)


async def delete_type(connection: Connection, principal: Principal, name: str) -> None:
    """Remove one's own type; resources of it stay. Raises NotFound, PermissionDenied."""
    found = await find_own_type(connection, principal, name)
    await resource_types.delete(connection, found.workspace, name)
    await audit.write(connection, principal, "resource_types.delete", "Delete", name)


def _checked(extension: str | None) -> str | None:
    if extension is not None and not _EXTENSION.fullmatch(extension):
        raise InvalidInput("format_extension", "must be the end of a file name without its dot, such as csv")
    return extension
