"""Keeps the map of who imports whom, and tells importers when something they import has changed.

The map follows every deployment, in its transaction. A cause is noted in the transaction that changes
something for others; ``relock.py`` does what follows from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.permissions import check
from headrace.runtimes.python_dependencies.lock_inputs import file_path, files_used, lock_inputs
from headrace.runtimes.python_source.imports import workspace_imports
from headrace.store import audit, imports, relocks, scripts

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId, ScriptHash
    from headrace.model.principal import Principal
    from headrace.model.script import NewScript, Script


async def note_deployed(connection: Connection, principal: Principal, script: NewScript) -> None:
    """Note what a version that was just stored imports, and who deployed it.

    Its importers are told here where it brought its lock along, and once it is locked otherwise; those of
    the path that it moved away from are told here.
    """
    workspace = principal.workspace or ""
    parent = await _parent(connection, workspace, script.parent_hash)
    await imports.replace(connection, workspace, script.path, _imported(script.path, script.content))
    await relocks.keep(connection, workspace, script.path, principal.permissioned_as, principal.email)
    if parent is not None and parent.path != script.path:
        await note_gone(connection, principal, parent.path)
    if script.lock is not None:
        await _announce(connection, workspace, script, parent, principal.username)


async def note_gone(connection: Connection, principal: Principal, path: str) -> None:
    """There is no script at a path any more: archived, deleted or moved. Its importers are told."""
    workspace = principal.workspace or ""
    await imports.replace(connection, workspace, path, [])
    await relocks.forget(connection, workspace, path)
    await relocks.add_cause(connection, workspace, path, principal.username)


async def note_restored(connection: Connection, principal: Principal, path: str) -> None:
    """There is a script at a path again. It is locked again as who brought it back."""
    workspace = principal.workspace or ""
    script = await scripts.read_head(connection, workspace, path)
    if script is not None:
        await imports.replace(connection, workspace, path, _imported(path, script.content))
        await relocks.keep(connection, workspace, path, principal.permissioned_as, principal.email)
        await relocks.add_cause(connection, workspace, path, principal.username)


async def announce_locked(connection: Connection, workspace: str, version: ScriptHash, job: JobId) -> None:
    """Tell the importers of a version that its own dependencies job has just locked it.

    Also where another version is on top of it already, which may be like it and so have nothing to tell.
    """
    script = await scripts.read(connection, workspace, version)
    if script is None or script.lock_job != job or script.deleted:
        return
    parent = await _parent(connection, workspace, script.parent_hash)
    await _announce(connection, workspace, script, parent, script.created_by)


async def rebuild(connection: Connection, principal: Principal) -> int:
    """Make the map anew from all scripts; returns how many there are. For admins: raises PermissionDenied.

    Scripts that were deployed before there was a map come into it by this.
    """
    check.require_admin(principal)
    workspace = principal.workspace or ""
    await imports.clear(connection, workspace)
    count, after = 0, ""
    while sources := await imports.read_sources(connection, workspace, after):
        for source in sources:
            await imports.replace(connection, workspace, source.path, _imported(source.path, source.content))
            await relocks.fill(connection, workspace, source.path, _identity(source.created_by))
        count, after = count + len(sources), sources[-1].path
    await audit.write(connection, principal, "workspaces.rebuild_dependency_map", "Updated", workspace)
    return count


def _imported(path: str, content: str) -> set[str]:
    return workspace_imports(content, path) | {file_path(name) for name in files_used(content)}


async def _parent(connection: Connection, workspace: str, version: ScriptHash | None) -> Script | None:
    return await scripts.read(connection, workspace, version) if version else None


async def _announce(
    connection: Connection, workspace: str, script: NewScript | Script, parent: Script | None, by: str
) -> None:
    # A parent without a lock told nobody.
    is_same = (
        parent is not None
        and parent.path == script.path
        and parent.lock is not None
        and lock_inputs(parent.content, parent.path) == lock_inputs(script.content, script.path)
    )
    await relocks.add_cause(connection, workspace, script.path, by, only_failed=is_same)


def _identity(created_by: str) -> str | None:
    """Whom a name stands for. A group's jobs and a user may have the same name; then nobody."""
    if created_by.startswith("group-"):
        return None
    return created_by if "@" in created_by else f"u/{created_by}"
