"""A variable and the resource at the same path that refers to it are linked: they move together."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from headrace.lifecycle.values.reveal import decrypted
from headrace.store import audit
from headrace.store.values import resources, variables

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.principal import Principal
    from headrace.vault.vault import Vault


async def move_linked_resource(
    connection: Connection, principal: Principal, path: str, new_path: str
) -> None:
    """Move the resource at a path after its variable; the reference follows. Raises Conflict."""
    workspace = principal.workspace or ""
    stored = await resources.lock(connection, workspace, path)
    if stored is None:
        return
    moved = dataclasses.replace(stored, path=new_path, value=redirected(stored.value, path, new_path))
    await resources.change(connection, workspace, path, moved, principal.username)
    await audit.write(connection, principal, "resources.update", "Updated", new_path, {"from": path})


async def move_linked_variable(
    connection: Connection, vault: Vault, principal: Principal, path: str, new_path: str
) -> None:
    """Move the variable at a path after its resource; a secret is encrypted anew. Raises Conflict."""
    workspace = principal.workspace or ""
    await vault.hold_key(connection, workspace)
    stored = await variables.lock(connection, workspace, path)
    if stored is None:
        return
    value = stored.value
    if stored.is_secret:
        text = await decrypted(connection, vault, principal, stored)
        value = await vault.encrypt(connection, workspace, new_path, text)
    moved = dataclasses.replace(stored, path=new_path, value=value)
    await variables.change(connection, workspace, path, moved, principal.username)
    await audit.write(connection, principal, "variables.update", "Updated", new_path, {"from": path})


def redirected(value: str | None, path: str, new_path: str) -> str | None:
    """A JSON text in which references to one variable lead to another."""
    return value and value.replace(f'"$var:{path}"', f'"$var:{new_path}"')
