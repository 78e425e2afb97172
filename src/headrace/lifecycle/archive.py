"""Archives scripts: the path is free, the versions stay runnable by their hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.lifecycle.find_script import find_head, find_version
from headrace.lifecycle.import_map import note_gone
from headrace.permissions import check
from headrace.store import audit, scripts

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import ScriptHash
    from headrace.model.principal import Principal
    from headrace.model.script import Script


async def archive_path(connection: Connection, principal: Principal, path: str) -> ScriptHash:
    """Archive the script at a path; the version that it was. Raises NotFound, PermissionDenied."""
    check.require_owner(principal, path, "script")
    head = await scripts.lock_head(connection, principal.workspace or "", path)
    if head is None:
        # Says in the words of every other route what is missing.
        return (await find_head(connection, principal, path)).hash
    await _archive(connection, principal, path, head)
    return head


async def archive_version(connection: Connection, principal: Principal, version: ScriptHash) -> Script:
    """Archive one version; as it is now. One that is archived stays as it is.

    Raises NotFound, PermissionDenied.
    """
    script = await find_version(connection, principal, version)
    check.require_owner(principal, script.path, "script")
    if not script.archived:
        await _archive(connection, principal, script.path, version)
    return await find_version(connection, principal, version)


async def _archive(connection: Connection, principal: Principal, path: str, version: ScriptHash) -> None:
    if await scripts.archive_version(connection, principal.workspace or "", version) is not None:
        await note_gone(connection, principal, path)
        await audit.write(connection, principal, "scripts.archive", "Delete", path, {"hash": version})
