"""Routes about a script's versions: its history, and putting versions away."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.pages import Page
from headrace.api.schemas.answers import json_response
from headrace.api.schemas.script_shapes import Script, ScriptHistory
from headrace.api.schemas.scripts import show_deployment, show_script
from headrace.errors import NotFound
from headrace.lifecycle.archive import archive_path, archive_version
from headrace.lifecycle.delete import delete_path, delete_paths, delete_version
from headrace.lifecycle.find_script import find_head, find_newest, find_version
from headrace.model.ids import parse_script_hash
from headrace.model.path import check_path
from headrace.permissions.check import readable_owners, require_in_scope, require_write
from headrace.store import audit, scripts
from headrace.store.script_history import deployment_of, mute_error_handler, read_history, set_message

router = APIRouter(prefix="/w/{workspace}/scripts", tags=["script"], route_class=CheckedRoute)

MOST_PATHS = 1000


class NewMessage(BaseModel):
    """Body that says anew why a version was deployed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"deployment_msg": "Faster"}]})

    deployment_msg: str | None = None


class Muting(BaseModel):
    """Body that keeps failures from the workspace's error handler."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"muted": True}]})

    muted: bool | None = None


class Paths(BaseModel):
    """Body that names scripts."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"paths": ["f/reports/spells"]}]})

    paths: Annotated[list[str], Field(max_length=MOST_PATHS)]


@router.get("/get_latest_version/{path:path}", response_model=ScriptHistory)
async def get_script_latest_version(path: str, caller: WorkspaceCaller) -> Response:
    """Which version is the newest, by whom, when, and why."""
    check_path(path)
    async with caller.transaction() as connection:
        script = await find_head(connection, caller.principal, path)
    return json_response(show_deployment(deployment_of(script)))


@router.get("/history/p/{path:path}", response_model=list[ScriptHistory])
async def get_script_history_by_path(path: str, page: Page, caller: WorkspaceCaller) -> Response:
    """The versions of a script, newest first, also those that it had at other paths."""
    check_path(path)
    async with caller.transaction() as connection:
        newest = await find_newest(connection, caller.principal, path)
        owners = readable_owners(caller.principal)
        history = await read_history(
            connection, caller.workspace, newest.line, owners, limit=page.size, offset=page.offset
        )
    return json_response([show_deployment(deployment) for deployment in history])


@router.post("/history_update/h/{hash}/p/{path:path}", response_class=PlainTextResponse)
async def update_script_history(hash: str, path: str, body: NewMessage, caller: WorkspaceCaller) -> str:
    """Say anew why a version was deployed."""
    version = parse_script_hash(hash)
    check_path(path)
    async with caller.transaction() as connection:
        newest = await find_newest(connection, caller.principal, path)
        script = await find_version(connection, caller.principal, version)
        if script.line != newest.line:
            raise NotFound(f"script {path} has no version {version}")
        require_write(caller.principal, script.path)
        require_in_scope(caller.principal, "scripts", "write", script.path)
        await set_message(connection, caller.workspace, version, body.deployment_msg or "")
        await audit.write(
            connection, caller.principal, "scripts.update", "Updated", script.path, {"hash": version}
        )
    return f"history of script {path} updated"


@router.post("/toggle_workspace_error_handler/p/{path:path}", response_class=PlainTextResponse)
async def toggle_workspace_error_handler_for_script(path: str, body: Muting, caller: WorkspaceCaller) -> str:
    """Keep the failures of a script from the workspace's error handler, or not."""
    check_path(path)
    muted = bool(body.muted)
    async with caller.transaction() as connection:
        await find_head(connection, caller.principal, path)
        require_write(caller.principal, path)
        await mute_error_handler(connection, caller.workspace, path, muted=muted)
        await audit.write(connection, caller.principal, "scripts.update", "Updated", path, {"muted": muted})
    return f"error handler of script {path} {'muted' if muted else 'active'}"


@router.post("/archive/p/{path:path}", response_class=PlainTextResponse)
async def archive_script_by_path(path: str, caller: WorkspaceCaller) -> str:
    """Archive a script: its path is free, its versions stay runnable by their hashes."""
    check_path(path)
    async with caller.transaction() as connection:
        await archive_path(connection, caller.principal, path)
    return f"script {path} archived"


@router.post("/archive/h/{hash}", response_model=Script)
async def archive_script_by_hash(hash: str, caller: WorkspaceCaller) -> Response:
    """Archive a version; answers with it as it is now."""
    version = parse_script_hash(hash)
    async with caller.transaction() as connection:
        script = await archive_version(connection, caller.principal, version)
        lineage = await scripts.read_lineage(connection, caller.workspace, script)
    return json_response(show_script(script, caller.workspace, lineage))


@router.post("/delete/p/{path:path}", response_model=str)
async def delete_script_by_path(path: str, caller: WorkspaceCaller) -> Response:
    """Put all versions at a path into the trash bin. For admins of the workspace."""
    check_path(path)
    async with caller.transaction() as connection:
        await delete_path(connection, caller.principal, path)
    return json_response(path)


@router.post("/delete/h/{hash}", response_model=Script)
async def delete_script_by_hash(hash: str, caller: WorkspaceCaller) -> Response:
    """Put one version into the trash bin; answers with what is left of it. For admins of the workspace."""
    version = parse_script_hash(hash)
    async with caller.transaction() as connection:
        left = await delete_version(connection, caller.principal, version)
    shown = dataclasses.replace(left, content="", lock=None, lock_error=None, schema=None)
    return json_response(show_script(shown, caller.workspace, []))


@router.delete("/delete_bulk", response_model=list[str])
async def delete_scripts_bulk(body: Paths, caller: WorkspaceCaller) -> Response:
    """Put the versions at many paths into the trash bin; the paths that had any. For admins."""
    for path in body.paths:
        check_path(path, "paths")
    async with caller.transaction() as connection:
        deleted = await delete_paths(connection, caller.principal, body.paths)
    return json_response(deleted)
