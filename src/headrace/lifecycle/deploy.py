"""Deploys a script version, in one transaction: stored, its parent archived, its lock being made."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

from headrace.errors import Conflict, InvalidInput, NotFound
from headrace.lifecycle.import_map import note_deployed
from headrace.lifecycle.launch import Launched, run_script_dependencies
from headrace.model.draft import DraftKind
from headrace.model.path import check_path
from headrace.permissions import check
from headrace.runtimes.python_source.functions import read_python
from headrace.runtimes.python_source.schema import infer_schema, with_refinements
from headrace.store import audit, drafts, scripts

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import ScriptHash
    from headrace.model.principal import Principal
    from headrace.model.script import NewScript, Script

LANGUAGES = frozenset({"python3"})


async def deploy_script(
    connection: Connection,
    principal: Principal,
    script: NewScript,
    *,
    auto_parent: bool = False,
    keep_draft: bool = False,
    skip_if_same: bool = False,
) -> tuple[ScriptHash, Launched | None]:
    """Store a new version on top of ``parent_hash``, and start its dependencies job.

    ``auto_parent`` takes the newest version for the parent. A version with another path than its
    parent moves the script, and everybody's drafts of it. One on top of an archived version brings the
    script back. One's own draft has become the version, and is removed unless ``keep_draft``. With
    ``skip_if_same`` nothing is done where the newest version is just like it, whose hash is returned then.
    Raises Conflict for a stale parent, InvalidInput for source that does not parse, PermissionDenied. No
    job is started for a version that brings its lock along.
    """
    workspace = principal.workspace or ""
    check_path(script.path)
    check.require_write(principal, script.path)
    script = await _inspected(script)
    head = await scripts.lock_head(connection, workspace, script.path)
    if auto_parent:
        script = dataclasses.replace(script, parent_hash=head)
    if skip_if_same and head is not None and await _is_same(connection, workspace, script, head):
        return head, None
    old_path = await _make_way(connection, principal, script, head)
    script = await _with_schema(connection, workspace, script)
    version = await scripts.add(connection, workspace, script, principal.username)
    await note_deployed(connection, principal, script)
    await audit.write(connection, principal, "scripts.create", "Created", script.path, {"hash": version})
    await _settle_drafts(connection, principal, script.path, old_path, keep_draft=keep_draft)
    if script.lock is not None:
        return version, None
    launched = await run_script_dependencies(connection, principal, version, script.path, script.language)
    await scripts.set_lock_job(connection, workspace, version, launched.job)
    return version, launched


async def deploy_update(
    connection: Connection,
    principal: Principal,
    path: str,
    script: NewScript,
    *,
    auto_parent: bool = False,
    keep_draft: bool = False,
) -> tuple[ScriptHash, Launched | None]:
    """Store a new version of the script at ``path``, which the version's own path may move.

    Raises NotFound where there is none, Conflict where ``parent_hash`` is given and another version is
    the newest by now, unless ``auto_parent``; else like ``deploy_script``.
    """
    check_path(path)
    check.require_read(principal, path, "script")
    check.require_write(principal, path)
    head = await scripts.lock_head(connection, principal.workspace or "", path)
    if head is None:
        raise NotFound(f"script {path} does not exist, or you may not see it")
    if script.parent_hash not in (None, head) and not auto_parent:
        raise _stale(path, head, script.parent_hash)
    script = dataclasses.replace(script, parent_hash=head)
    return await deploy_script(connection, principal, script, keep_draft=keep_draft)


async def _inspected(script: NewScript) -> NewScript:
    if script.language not in LANGUAGES:
        known = ", ".join(sorted(LANGUAGES))
        raise InvalidInput("language", f"{script.language!r} can't be run here; known: {known}")
    source = await asyncio.to_thread(read_python, script.content)
    return dataclasses.replace(script, is_library=source.is_library, has_preprocessor=source.has_preprocessor)


async def _is_same(connection: Connection, workspace: str, script: NewScript, head: ScriptHash) -> bool:
    """Whether a deployment on top of the newest version would change nothing."""
    there = await scripts.read(connection, workspace, head)
    if there is None or script.parent_hash not in (None, head):
        return False
    if script.lock is None:  # then it would be made as it was
        has_same_lock = there.lock_error is None
    else:
        has_same_lock = script.lock.strip() == (there.lock or "").strip()
    return (
        has_same_lock
        and script.schema in (None, there.schema)
        and (script.content, script.language, script.kind, script.summary, script.description)
        == (there.content, there.language, there.kind, there.summary, there.description)
        and _settings(script.settings) == _settings(there.settings, muted=there.error_handler_muted)
    )


def _settings(given: dict[str, Any], *, muted: bool | None = None) -> dict[str, Any]:
    if muted is None:
        muted = given.get("ws_error_handler_muted", False)
    return given | {"ws_error_handler_muted": muted}


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
) -> str | None:
    """Archive the parent, and return its path.

    The parent must be the newest version of the path, or of its own where it moves; or an archived one
    that nothing came after.
    """
    workspace, parent_hash = principal.workspace or "", script.parent_hash
    if parent_hash is None:
        if head is not None:
            raise Conflict(
                f"{script.path} exists already, at version {head}: deploy with that as parent_hash"
            )
        return None
    parent = await scripts.read(connection, workspace, parent_hash)
    if parent is not None and not check.may_read(principal, parent.path):
        parent = None
    if head is not None and head != parent_hash:
        if parent is not None and parent.path != script.path:
            raise Conflict(f"another script is at {script.path}, at version {head}")
        raise _stale(script.path, head, parent_hash)
    if parent is None or parent.deleted:
        raise InvalidInput("parent_hash", f"there is no version {parent_hash} that you may see")
    check.require_write(principal, parent.path)
    check.require_in_scope(principal, "scripts", "write", parent.path)
    if await scripts.archive_version(connection, workspace, parent_hash) is None:
        await _require_last(connection, principal, parent)
    return parent.path


async def _require_last(connection: Connection, principal: Principal, parent: Script) -> None:
    """Raise Conflict that names the version which came after an archived one, if the principal may see it.

    Any other is found, and not named, where the new version is stored.
    """
    successor = await scripts.read_successor(connection, principal.workspace or "", parent.hash)
    if successor is None or not check.may_read(principal, successor.path):
        return
    became = "was deleted" if successor.deleted else f"is at {successor.path}"
    raise Conflict(
        f"version {parent.hash} of {parent.path} has a successor already: version {successor.hash}, which"
        f" {became}. Deploy on top of the newest version, or without a parent where nothing is at the path"
    )


def _stale(path: str, head: ScriptHash, parent: ScriptHash | None) -> Conflict:
    return Conflict(
        f"{path} is at version {head} by now, not at {parent}: look at what changed and deploy on top of it"
    )


async def _settle_drafts(
    connection: Connection, principal: Principal, path: str, old_path: str | None, *, keep_draft: bool
) -> None:
    paths = {path} if old_path is None else {path, old_path}
    if not keep_draft and principal.job is None:
        for item in sorted(paths):
            place = drafts.Place(principal.workspace or "", DraftKind.SCRIPT, item)
            await drafts.discard(connection, principal, place, drafts.Sync(force=True))
    if old_path is not None and old_path != path:
        await drafts.follow_script(connection, old_path, path)
