"""Deletes scripts: into the trash bin, where they can be restored for three days, then for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.errors import NotFound
from headrace.lifecycle.find_script import find_version
from headrace.lifecycle.import_map import note_gone
from headrace.permissions import check
from headrace.store import audit, scripts, trash

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import ScriptHash
    from headrace.model.principal import Principal
    from headrace.model.script import Script


async def delete_path(connection: Connection, principal: Principal, path: str) -> None:
    """Delete all versions at a path, archived ones too. For admins; raises NotFound."""
    if not await _delete(connection, principal, path):
        raise NotFound(f"script {path} does not exist, or you may not see it")


async def delete_paths(connection: Connection, principal: Principal, paths: list[str]) -> list[str]:
    """Delete all versions at these paths; those at which there was something. For admins."""
    # In order, so that two at once don't wait for each other.
    return [path for path in sorted(set(paths)) if await _delete(connection, principal, path)]


async def delete_version(connection: Connection, principal: Principal, version: ScriptHash) -> Script:
    """Delete one version; what is left of it to see. Raises NotFound, and PermissionDenied but for admins."""
    check.require_admin(principal)
    script = await find_version(connection, principal, version)
    await _delete(connection, principal, script.path, version)
    left = await scripts.read(connection, principal.workspace or "", version)
    return left or script


async def _delete(
    connection: Connection, principal: Principal, path: str, version: ScriptHash | None = None
) -> bool:
    check.require_admin(principal)
    if version is None:
        # Whoever deploys there at this moment goes first, so that nothing is left out.
        await scripts.lock_head(connection, principal.workspace or "", path)
    item = await trash.put_script(connection, path, version)
    if item is not None:
        what = {"trash": item} if version is None else {"trash": item, "hash": version}
        if await scripts.read_head(connection, principal.workspace or "", path) is None:
            await note_gone(connection, principal, path)
        await audit.write(connection, principal, "scripts.delete", "Delete", path, what)
    return item is not None
