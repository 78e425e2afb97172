"""Deploys a script version, in one transaction: stored, its parent archived, its lock being made."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

from headrace.errors import Conflict, InvalidInput
from headrace.lifecycle.launch import Launched, run_script_dependencies
from headrace.model.path import check_path
from headrace.model.script import script_hash
from headrace.permissions import check
from headrace.runtimes.python.schema import infer_schema, with_refinements
from headrace.runtimes.python.source import read_python
from headrace.store import audit, scripts

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import ScriptHash
    from headrace.model.principal import Principal
    from headrace.model.script import NewScript

LANGUAGES = frozenset({"python3"})


async def deploy_script(
    connection: Connection, principal: Principal, script: NewScript, *, auto_parent: bool = False
) -> tuple[ScriptHash, Launched | None]:
    """Store a new version on top of ``parent_hash``, and start its dependencies job.

    ``auto_parent`` takes the newest version for the parent. A version with another path than its
    parent moves the script. Raises Conflict for a stale parent, InvalidInput for source that does not
    parse, PermissionDenied. No job is started for a version that brings its lock along.
    """
    workspace = principal.workspace or ""
    check_path(script.path)
    check.require_write(principal, script.path)
    script = await _inspected(script)
    head = await scripts.lock_head(connection, workspace, script.path)
    if auto_parent:
        script = dataclasses.replace(script, parent_hash=head)
    script = await _with_schema(connection, workspace, script)
    await _make_way(connection, principal, script, head)
    version = script_hash(workspace, script)
    await scripts.add(connection, workspace, version, script, principal.username)
    await audit.write(connection, principal, "scripts.create", "Created", script.path, {"hash": version})
    if script.lock is not None:
        return version, None
    launched = await run_script_dependencies(connection, principal, version, script.path, script.language)
    await scripts.set_lock_job(connection, workspace, version, launched.job)
    return version, launched


async def _inspected(script: NewScript) -> NewScript:
    if script.language not in LANGUAGES:
        known = ", ".join(sorted(LANGUAGES))
        raise InvalidInput("language", f"{script.language!r} can't be run here; known: {known}")
    source = await asyncio.to_thread(read_python, script.content)
    return dataclasses.replace(script, is_library=source.is_library)


async def _with_schema(connection: Connection, workspace: str, script: NewScript) -> NewScript:
    """A schema that is given stays as it is; another is inferred, refined as the parent's was by hand."""
    if script.schema is not None:
        return script
    inferred = await asyncio.to_thread(infer_schema, script.content)
    parent = await scripts.read(connection, workspace, script.parent_hash) if script.parent_hash else None
    if parent is not None and parent.schema is not None:
        earlier = await asyncio.to_thread(infer_schema, parent.content)
        inferred = with_refinements(inferred, parent.schema, earlier)
    return dataclasses.replace(script, schema=inferred)


async def _make_way(
    connection: Connection, principal: Principal, script: NewScript, head: ScriptHash | None
) -> None:
    """Archive the parent, which must be the newest version of the path or, when moving, of its own."""
    if script.parent_hash is None:
        if head is not None:
            raise Conflict(
                f"{script.path} exists already, at version {head}: deploy with that as parent_hash"
            )
        return
    if head is not None and head != script.parent_hash:
        raise Conflict(
            f"{script.path} is at version {head} by now, not at {script.parent_hash}: look at what changed"
            " and deploy on top of it"
        )
    parent = await scripts.read(connection, principal.workspace or "", script.parent_hash)
    if parent is None:
        raise InvalidInput("parent_hash", f"there is no version {script.parent_hash} that you may see")
    check.require_write(principal, parent.path)
    if await scripts.archive_version(connection, principal.workspace or "", script.parent_hash) is None:
        raise Conflict(f"version {script.parent_hash} of {parent.path} has a successor already")
