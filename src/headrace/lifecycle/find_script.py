"""Finds a script for whoever asks, by path or by hash; what they may not see looks as if it weren't there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.errors import NotFound
from headrace.permissions import check
from headrace.store import scripts

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import ScriptHash
    from headrace.model.principal import Principal
    from headrace.model.script import Script


async def find_head(
    connection: Connection, principal: Principal, path: str, *, for_run: bool = False
) -> Script:
    """The newest version of a path. Raises NotFound, also where it was archived.

    ``for_run`` keeps its lock from changing until the transaction ends.
    """
    check.require_read(principal, path, "script")
    script = await scripts.read_head(connection, principal.workspace or "", path, for_run=for_run)
    if script is None or script.deleted:
        raise NotFound(f"script {path} does not exist, or you may not see it")
    return script


async def find_newest(connection: Connection, principal: Principal, path: str) -> Script:
    """The newest version of a path or, where it was archived, the last that was there. Raises NotFound."""
    check.require_read(principal, path, "script")
    script = await scripts.read_newest(connection, principal.workspace or "", path)
    if script is None:
        raise NotFound(f"script {path} does not exist, or you may not see it")
    return script


async def find_version(
    connection: Connection, principal: Principal, version: ScriptHash, *, for_run: bool = False
) -> Script:
    """One version, superseded or not. Raises NotFound, which tells readers of its path if it was deleted.

    ``for_run`` keeps its lock from changing until the transaction ends.
    """
    script = await scripts.read(connection, principal.workspace or "", version, for_run=for_run)
    if script is None or script.deleted or not check.may_read(principal, script.path):
        path = await scripts.deleted_path(connection, version)
        if path is not None and check.may_read(principal, path):
            raise NotFound(f"script version {version} of {path} was deleted")
        raise NotFound(f"script version {version} does not exist, or you may not see it")
    return script
