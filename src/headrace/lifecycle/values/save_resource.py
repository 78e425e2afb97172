"""Makes, changes and removes resources."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.errors import Conflict, NotFound, TooLarge
from headrace.lifecycle.values.move_linked import move_linked_variable, redirected
from headrace.model.path import check_path
from headrace.permissions import check
from headrace.store import audit
from headrace.store.values import resources

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.principal import Principal
    from headrace.store.values.resources import Resource
    from headrace.vault.vault import Vault

MOST_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class NewContent:
    """What is asked of a resource; None leaves it as it is. ``value`` is a checked JSON text."""

    path: str | None = None
    value: str | None = None
    resource_type: str | None = None
    description: str | None = None
    labels: list[str] | None = None


async def create_resource(
    connection: Connection,
    principal: Principal,
    path: str,
    wanted: NewContent,
    *,
    update_if_exists: bool = False,
) -> None:
    """Make a resource, or with ``update_if_exists`` make the one that is there like this.

    Raises InvalidInput, PermissionDenied, TooLarge; Conflict where the path is taken.
    """
    check_path(path)
    check.require_write(principal, path)
    value = _checked(wanted.value or "null")
    is_new = await resources.add(
        connection,
        principal.workspace or "",
        path,
        value=value,
        resource_type=wanted.resource_type or "",
        description=wanted.description or "",
        labels=wanted.labels or [],
        username=principal.username,
    )
    if is_new:
        await audit.write(connection, principal, "resources.create", "Created", path)
    elif update_if_exists:
        stored = await _locked(connection, principal, path)
        await _change(connection, principal, stored, path, dataclasses.replace(wanted, value=value))
    else:
        raise Conflict(f"resource {path} exists already")


async def set_resource_value(connection: Connection, principal: Principal, path: str, value: str) -> None:
    """Give a resource another value. Raises NotFound, PermissionDenied, TooLarge."""
    check.require_read(principal, check_path(path), "resource")
    check.require_write(principal, path)
    await resources.set_value(
        connection, principal.workspace or "", path, _checked(value), principal.username
    )
    await audit.write(connection, principal, "resources.update", "Updated", path)


async def update_resource(
    connection: Connection, vault: Vault, principal: Principal, path: str, wanted: NewContent
) -> str:
    """Change a resource, and return its path, which may be a new one: a linked variable goes along.

    Raises InvalidInput, NotFound, PermissionDenied, TooLarge; Conflict where the new path is taken.
    """
    new_path = check_path(path if wanted.path is None else wanted.path)
    check.require_read(principal, check_path(path), "resource")
    check.require_write(principal, path)
    check.require_write(principal, new_path)
    stored = await _locked(connection, principal, path)
    await _change(connection, principal, stored, new_path, wanted)
    if new_path != path and stored.is_linked:
        await move_linked_variable(connection, vault, principal, path, new_path)
    return new_path


async def delete_resources(connection: Connection, principal: Principal, paths: list[str]) -> list[str]:
    """Remove resources; the paths at which there was one that the principal could see.

    Raises PermissionDenied where one of those may only be read, and then removes none.
    """
    gone: list[str] = []
    # In order, so that two at once don't wait for each other.
    for path in sorted({check_path(path, "paths") for path in paths}):
        if not check.may_read(principal, path):
            continue
        check.require_write(principal, path)
        if await resources.delete(connection, principal.workspace or "", path):
            await audit.write(connection, principal, "resources.delete", "Delete", path)
            gone.append(path)
    return gone


async def _locked(connection: Connection, principal: Principal, path: str) -> Resource:
    stored = await resources.lock(connection, principal.workspace or "", path)
    if stored is None:
        raise NotFound(f"resource {path} does not exist, or you may not see it")
    return stored


async def _change(
    connection: Connection, principal: Principal, stored: Resource, new_path: str, wanted: NewContent
) -> None:
    changed = _changed(stored, new_path, wanted)
    await resources.change(connection, principal.workspace or "", stored.path, changed, principal.username)
    moved = {"from": stored.path} if new_path != stored.path else None
    await audit.write(connection, principal, "resources.update", "Updated", new_path, moved)


def _changed(stored: Resource, new_path: str, wanted: NewContent) -> Resource:
    value = stored.value if wanted.value is None else _checked(wanted.value)
    if stored.is_linked and new_path != stored.path:
        value = redirected(value, stored.path, new_path)
    return dataclasses.replace(
        stored,
        path=new_path,
        value=value,
        resource_type=stored.resource_type if wanted.resource_type is None else wanted.resource_type,
        description=stored.description if wanted.description is None else wanted.description,
        labels=stored.labels if wanted.labels is None else wanted.labels,
    )


def _checked(value: str) -> str:
    if len(value.encode()) > MOST_BYTES:
        raise TooLarge(f"value: is larger than {MOST_BYTES // 1_000_000} MB, the most of a resource")
    return value
