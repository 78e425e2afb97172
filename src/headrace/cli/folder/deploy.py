"""Deploys a workspace's files: what is new or has changed, libraries before the scripts that import them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from headrace.api.schemas.new_script import ScriptSettings
from headrace.errors import Conflict, HeadraceError, NotFound, Unavailable
from headrace.runtimes.python_source.imports import workspace_imports

if TYPE_CHECKING:
    from headrace.cli.client import Client
    from headrace.cli.folder.read import DependencyFile, Entry, ScriptFiles, WorkspaceFiles

_NEW_TYPE = "/api/w/{workspace}/resources/type/create"
_SHOWN = ScriptSettings.model_fields.keys() | {"summary", "description", "kind", "schema", "lock"}
"""Fields of a script's YAML that the server keeps and shows again."""
_DEFAULTS = {"kind": "script"}


class Change(StrEnum):
    """What became of one file."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Deployed:
    """One thing of the workspace. ``version`` is a script's hash, ``problem`` why it was refused."""

    noun: str
    name: str
    change: Change
    version: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class LockState:
    """Whether a version's lock is there, the job that makes it, and why it could not be made."""

    is_locked: bool
    job: str | None
    error: str | None


async def deploy_folder(client: Client, files: WorkspaceFiles) -> AsyncIterator[Deployed]:
    """Bring the server's workspace up to the files, and tell of each as it is done.

    What is refused is told of, and the rest goes on. Nothing is removed. Raises Unavailable.
    """
    for folder in files.folders:
        yield await _told("folder", folder.name, _deploy_folder(client, folder))
    if files.resource_types and _NEW_TYPE in await client.routes():
        for kind in files.resource_types:
            yield await _told("resource type", kind.name, _deploy_resource_type(client, kind))
    for resource in files.resources:
        yield await _told("resource", resource.name, _deploy_resource(client, resource))
    for file in files.dependencies:
        yield await _told("dependencies", file.name or "default", _deploy_dependencies(client, file))
    renewed: set[str] = set()
    for script in _libraries_first(files.scripts):
        # The server locks importers again, too; deployed along, they have a lock that one can wait for.
        is_stale = not renewed.isdisjoint(workspace_imports(script.content, script.path))
        deployed = await _told("script", script.path, _deploy_script(client, script, is_stale=is_stale))
        if deployed.change in (Change.NEW, Change.CHANGED):
            renewed.add(script.path)
        yield deployed


async def read_lock_state(client: Client, version: str) -> LockState:
    """How far the lock of a script's version is."""
    status = await client.get(f"scripts/deployment_status/h/{version}")
    error = status.get("lock_error_logs")
    return LockState(status.get("lock") is not None, status.get("job_id"), error)


async def _told(noun: str, name: str, deed: Awaitable[tuple[Change, str | None]]) -> Deployed:
    try:
        change, version = await deed
    except Unavailable:
        raise
    except HeadraceError as error:
        return Deployed(noun, name, Change.REFUSED, problem=str(error))
    return Deployed(noun, name, change, version)


async def _deploy_folder(client: Client, folder: Entry) -> tuple[Change, None]:
    try:
        await client.post("folders/create", _json({"name": folder.name, **folder.fields}))
    except Conflict:
        return Change.UNCHANGED, None
    return Change.NEW, None


async def _deploy_resource_type(client: Client, kind: Entry) -> tuple[Change, None]:
    body = _json({"name": kind.name, **kind.fields})
    try:
        await client.post("resources/type/create", body)
    except Conflict:
        await client.post(f"resources/type/update/{kind.name}", body)
        return Change.CHANGED, None
    return Change.NEW, None


async def _deploy_resource(client: Client, resource: Entry) -> tuple[Change, None]:
    try:
        there = await client.get(f"resources/get_value/{resource.name}")
    except NotFound:
        await client.post("resources/create", _json({"path": resource.name, **resource.fields}))
        return Change.NEW, None
    value = resource.fields.get("value")
    if there == value:
        return Change.UNCHANGED, None
    await client.post(f"resources/update_value/{resource.name}", _json({"value": value}))
    return Change.CHANGED, None


async def _deploy_dependencies(client: Client, file: DependencyFile) -> tuple[Change, None]:
    named = {"name": file.name} if file.name else {}
    try:
        there = await client.get("workspace_dependencies/get_latest/python3", **named)
    except NotFound:
        there = None
    if there and there["content"] == file.content:
        return Change.UNCHANGED, None
    body = {"language": "python3", "name": file.name, "content": file.content}
    if there:
        body["description"] = there.get("description")
    await client.post("workspace_dependencies/create", _json(body))
    return (Change.CHANGED if there else Change.NEW), None


async def _deploy_script(client: Client, script: ScriptFiles, *, is_stale: bool) -> tuple[Change, str]:
    try:
        head = await client.get(f"scripts/get/p/{script.path}")
    except NotFound:
        head = None
    if head and not is_stale and _is_same(script, head):
        return Change.UNCHANGED, head["hash"]
    body = {
        **script.fields,
        "path": script.path,
        "content": script.content,
        "language": "python3",
        "parent_hash": head and head["hash"],
    }
    return (Change.CHANGED if head else Change.NEW), await client.post("scripts/create", _json(body))


def _is_same(script: ScriptFiles, head: dict[str, Any]) -> bool:
    """Whether the newest version is this one, and nothing stopped its lock from being made."""
    if head["content"] != script.content or head.get("lock_error_logs"):
        return False
    given = {name: value for name, value in script.fields.items() if name in _SHOWN}
    names = given.keys() | ({"summary", "description", "kind"} & head.keys())
    return all(_or_default(given, name) == _or_default(head, name) for name in names)


def _or_default(fields: dict[str, Any], name: str) -> Any:
    return fields.get(name) or _DEFAULTS.get(name)


def _libraries_first(scripts: list[ScriptFiles]) -> list[ScriptFiles]:
    """Scripts by path, each behind those that it imports; of two that import each other either is first."""
    by_path = {script.path: script for script in scripts}
    ordered: dict[str, ScriptFiles] = {}
    seen: set[str] = set()

    def visit(path: str) -> None:
        if path in seen:
            return
        seen.add(path)
        for imported in sorted(workspace_imports(by_path[path].content, path) & by_path.keys()):
            visit(imported)
        ordered[path] = by_path[path]

    for path in by_path:
        visit(path)
    return list(ordered.values())


def _json(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()
