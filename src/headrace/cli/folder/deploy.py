"""Deploys a workspace's files: what is new or has changed, libraries before the scripts that import them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from headrace.api.schemas.new_script import ScriptSettings
from headrace.cli.folder.read import Entry, ScriptFiles
from headrace.errors import Conflict, HeadraceError, NotAuthenticated, NotFound, Unavailable
from headrace.runtimes.python_dependencies.lock_inputs import UNNAMED, lock_inputs
from headrace.runtimes.python_source.imports import workspace_imports

if TYPE_CHECKING:
    from headrace.cli.client import Client
    from headrace.cli.folder.read import DependencyFile, Key, Thing, WorkspaceFiles

_SHOWN = ScriptSettings.model_fields.keys() | {"summary", "description", "kind", "schema", "lock"}
"""Fields of a script's YAML that the server keeps and shows again."""
_KEPT = _SHOWN - {"schema", "lock"}
"""Fields that a new version of a bare script takes over from the one before; the others follow its source."""
_DEFAULTS = {"kind": "script"}


class Change(StrEnum):
    """What became of one file."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Deployed:
    """One thing of the workspace. ``problem`` says why it was refused.

    Of a script: ``version`` is its hash, ``upon`` tells which version was the newest before, and
    ``is_locked`` whether its lock was there when we looked; ``changes_locks`` whether the locks of scripts
    that import it may come out another way because of it.
    """

    noun: str
    name: str
    change: Change
    version: str | None = None
    upon: str | None = None
    is_locked: bool = True
    changes_locks: bool = False
    problem: str | None = None

    @property
    def key(self) -> Key:
        """What it is and what it is called."""
        return self.noun, self.name


@dataclass(frozen=True, slots=True)
class LockState:
    """Whether a version's lock is there, the job that makes it, and why it could not be made."""

    is_locked: bool
    job: str | None
    error: str | None


async def deploy_folder(
    client: Client,
    files: WorkspaceFiles,
    *,
    only: Collection[Key] | None = None,
    base: Mapping[Key, Thing] | None = None,
) -> AsyncIterator[Deployed]:
    """Bring the server's workspace up to the files, and tell of each as it is done.

    What is refused is told of, and the rest goes on. Nothing is removed. ``only`` restricts it to these
    and to scripts that import them. ``base`` is what the server had at last: a thing that is neither that
    nor the file's was changed by somebody else, and is refused. Raises Unavailable, NotAuthenticated.
    """
    base = base or {}

    def wanted(noun: str, name: str) -> bool:
        return only is None or (noun, name) in only

    files = replace(
        files,
        folders=[folder for folder in files.folders if wanted("folder", folder.name)],
        resource_types=[kind for kind in files.resource_types if wanted("resource type", kind.name)],
        resources=[resource for resource in files.resources if wanted("resource", resource.name)],
        dependencies=[file for file in files.dependencies if wanted("dependencies", file.name or UNNAMED)],
    )
    for folder in files.folders:
        yield await _told(_deploy_folder(client, folder), "folder", folder.name)
    for kind in files.resource_types:
        yield await _told(_deploy_resource_type(client, kind), "resource type", kind.name)
    for resource in files.resources:
        before = base.get(("resource", resource.name))
        yield await _told(_deploy_resource(client, resource, before), "resource", resource.name)
    for file in files.dependencies:
        yield await _told(_deploy_dependencies(client, file), "dependencies", file.name or UNNAMED)
    async for deployed in _deploy_scripts(client, files.scripts, wanted, base):
        yield deployed


async def read_lock_state(client: Client, version: str) -> LockState:
    """How far the lock of a script's version is."""
    status = await client.get(f"scripts/deployment_status/h/{version}")
    error = status.get("lock_error_logs")
    return LockState(status.get("lock") is not None, status.get("job_id"), error)


async def _deploy_scripts(
    client: Client,
    scripts: list[ScriptFiles],
    wanted: Callable[[str, str], bool],
    base: Mapping[Key, Thing],
) -> AsyncIterator[Deployed]:
    renewed: set[str] = set()
    for script in _libraries_first(scripts):
        # The server locks importers again, too; deployed along, they have a lock that one can wait for.
        is_stale = not renewed.isdisjoint(_imports(script.content, script.path))
        if not is_stale and not wanted("script", script.path):
            continue
        before = base.get(("script", script.path))
        deed = _deploy_script(client, script, before, is_stale=is_stale)
        deployed = await _told(deed, "script", script.path)
        if deployed.changes_locks:
            renewed.add(script.path)
        yield deployed


async def _told(deed: Awaitable[Deployed], noun: str, name: str) -> Deployed:
    try:
        return await deed
    except (Unavailable, NotAuthenticated):
        raise
    except HeadraceError as error:
        return Deployed(noun, name, Change.REFUSED, problem=str(error))


async def _deploy_folder(client: Client, folder: Entry) -> Deployed:
    try:
        await client.post("folders/create", _json({"name": folder.name, **folder.fields}))
    except Conflict:
        return Deployed("folder", folder.name, Change.UNCHANGED)
    return Deployed("folder", folder.name, Change.NEW)


async def _deploy_resource_type(client: Client, kind: Entry) -> Deployed:
    body = _json({"name": kind.name, **kind.fields})
    try:
        await client.post("resources/type/create", body)
        return Deployed("resource type", kind.name, Change.NEW)
    except Conflict:
        there = await client.get(f"resources/type/get/{kind.name}")
    if all(there.get(name) == value for name, value in kind.fields.items()):
        return Deployed("resource type", kind.name, Change.UNCHANGED)
    await client.post(f"resources/type/update/{kind.name}", body)
    return Deployed("resource type", kind.name, Change.CHANGED)


async def _deploy_resource(client: Client, resource: Entry, base: Thing | None) -> Deployed:
    try:
        there = await client.get(f"resources/get_value/{resource.name}")
    except NotFound:
        await client.post("resources/create", _json({"path": resource.name, **resource.fields}))
        return Deployed("resource", resource.name, Change.NEW)
    value = resource.fields.get("value")
    if there == value:
        return Deployed("resource", resource.name, Change.UNCHANGED)
    if isinstance(base, Entry) and there != base.fields.get("value"):
        raise Conflict(_meanwhile("its value was changed on the server"))
    await client.post(f"resources/update_value/{resource.name}", _json({"value": value}))
    return Deployed("resource", resource.name, Change.CHANGED)


async def _deploy_dependencies(client: Client, file: DependencyFile) -> Deployed:
    named = {"name": file.name} if file.name else {}
    try:
        there = await client.get("workspace_dependencies/get_latest/python3", **named)
    except NotFound:
        there = None
    if there and there["content"] == file.content:
        return Deployed("dependencies", file.name or UNNAMED, Change.UNCHANGED)
    body = {"language": "python3", "name": file.name, "content": file.content}
    if there:
        body["description"] = there.get("description")
    await client.post("workspace_dependencies/create", _json(body))
    return Deployed("dependencies", file.name or UNNAMED, Change.CHANGED if there else Change.NEW)


async def _deploy_script(
    client: Client, script: ScriptFiles, base: Thing | None, *, is_stale: bool
) -> Deployed:
    try:
        head = await client.get(f"scripts/get/p/{script.path}")
    except NotFound:
        version = await client.post("scripts/create", _json(_body(script, {})))
        return Deployed("script", script.path, Change.NEW, version, is_locked=False, changes_locks=True)
    # What stopped a lock from being made may have gone away.
    if not is_stale and not head.get("lock_error_logs") and _is_same(script, head):
        is_locked = head.get("lock") is not None
        return Deployed("script", script.path, Change.UNCHANGED, head["hash"], is_locked=is_locked)
    upon = f"{head['hash']} by {head['created_by']}"
    if isinstance(base, ScriptFiles) and not _is_same(base, head) and not _is_same(script, head):
        raise Conflict(_meanwhile(f"version {upon} was deployed"))
    version = await client.post("scripts/create", _json(_body(script, head)))
    inputs = (lock_inputs(content, script.path) for content in (head["content"], script.content))
    return Deployed(
        "script",
        script.path,
        Change.CHANGED,
        version,
        upon,
        is_locked=False,
        changes_locks=len(set(inputs)) > 1,
    )


def _meanwhile(what: str) -> str:
    return (
        f"{what} meanwhile, and not from these files. Take over what you want of it; a new start deploys the"
        " file on top of it"
    )


def _body(script: ScriptFiles, head: dict[str, Any]) -> dict[str, Any]:
    kept = {name: head[name] for name in _KEPT & head.keys()} if script.is_bare else {}
    return {
        **kept,
        **script.fields,
        "path": script.path,
        "content": script.content,
        "language": "python3",
        "parent_hash": head.get("hash"),
    }


def _is_same(script: ScriptFiles, head: dict[str, Any]) -> bool:
    """Whether this version on the server is what the files say."""
    if script.is_bare or head["content"] != script.content:
        return head["content"] == script.content
    given = {name: value for name, value in script.fields.items() if name in _SHOWN}
    names = given.keys() | ({"summary", "description", "kind"} & head.keys())
    return all(_or_default(given, name) == _or_default(head, name) for name in names)


def _or_default(fields: dict[str, Any], name: str) -> Any:
    return fields.get(name) or _DEFAULTS.get(name)


@lru_cache(maxsize=10_000)
def _imports(content: str, path: str) -> frozenset[str]:
    """Looking at a folder again would otherwise parse all of its scripts again."""
    return frozenset(workspace_imports(content, path))


def _libraries_first(scripts: list[ScriptFiles]) -> list[ScriptFiles]:
    """Scripts by path, each behind those that it imports; of two that import each other either is first."""
    by_path = {script.path: script for script in scripts}
    ordered: dict[str, ScriptFiles] = {}
    seen: set[str] = set()

    def visit(path: str) -> None:
        if path in seen:
            return
        seen.add(path)
        for imported in sorted(_imports(by_path[path].content, path) & by_path.keys()):
            visit(imported)
        ordered[path] = by_path[path]

    for path in by_path:
        visit(path)
    return list(ordered.values())


def _json(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()
