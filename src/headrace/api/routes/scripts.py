"""Routes about scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.pages import Page
from headrace.api.schemas.answers import json_response, without_none
from headrace.api.schemas.new_script import NewScriptBody
from headrace.api.schemas.relocks import show_relock
from headrace.api.schemas.scripts import show_script
from headrace.db.failures import retried
from headrace.errors import NotFound
from headrace.lifecycle.deploy import deploy_script
from headrace.lifecycle.launch import Launched
from headrace.model.ids import ScriptHash, parse_script_hash
from headrace.model.path import check_path
from headrace.permissions.check import may_read, require_read
from headrace.store import relocks, scripts

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.script import Script

router = APIRouter(prefix="/w/{workspace}/scripts", tags=["script"], route_class=CheckedRoute)


@router.post("/create", status_code=201, response_class=PlainTextResponse)
async def create_script(body: NewScriptBody, caller: WorkspaceCaller) -> str:
    """Deploy a version and start locking its dependencies; answers with its hash."""
    script = body.script()

    async def transaction() -> tuple[ScriptHash, Launched | None]:
        async with caller.transaction() as connection:
            return await deploy_script(
                connection, caller.principal, script, auto_parent=bool(body.auto_parent)
            )

    version, launched = await retried(transaction)
    if launched is not None:
        launched.announce(caller.context.switchboard)
    return version


@router.get("/get/p/{path:path}")
async def get_script_by_path(path: str, caller: WorkspaceCaller) -> Response:
    """The newest version of a script."""
    check_path(path)
    require_read(caller.principal, path, "script")
    async with caller.transaction() as connection:
        script = await scripts.read_head(connection, caller.workspace, path)
        if script is None:
            raise NotFound(f"script {path} does not exist, or you may not see it")
        lineage = await scripts.read_lineage(connection, caller.workspace, script.hash)
    return json_response(show_script(script, caller.workspace, lineage))


@router.get("/get/h/{hash}")
async def get_script_by_hash(hash: str, caller: WorkspaceCaller) -> Response:
    """One version of a script."""
    version = parse_script_hash(hash)
    async with caller.transaction() as connection:
        script = await _read_version(connection, caller, version)
        lineage = await scripts.read_lineage(connection, caller.workspace, version)
    return json_response(show_script(script, caller.workspace, lineage))


@router.get("/list")
async def list_scripts(
    page: Page,
    caller: WorkspaceCaller,
    path_exact: str | None = None,
    path_start: str | None = None,
    created_by: str | None = None,
    show_archived: bool = False,
    include_without_main: bool = False,
    order_desc: bool = True,
) -> Response:
    """The newest versions of the scripts one may see, without their source."""
    async with caller.transaction() as connection:
        found = await scripts.list_heads(
            connection,
            caller.workspace,
            path_exact=path_exact,
            path_start=path_start,
            created_by=created_by,
            archived=show_archived,
            with_libraries=include_without_main,
            newest_first=order_desc,
            limit=page.size,
            offset=page.offset,
        )
    seen = (script for script in found if may_read(caller.principal, script.path))
    return json_response([show_script(script, caller.workspace, []) for script in seen])


@router.get("/deployment_status/h/{hash}")
async def get_script_deployment_status(hash: str, caller: WorkspaceCaller) -> Response:
    """Whether a version's lock is there, why not, and the job that makes it.

    ``relock`` tells what became of its path's lock when something that it imports last changed.
    """
    version = parse_script_hash(hash)
    async with caller.transaction() as connection:
        script = await _read_version(connection, caller, version)
        relock = await relocks.read(connection, caller.workspace, script.path)
    return json_response(
        without_none(
            lock=script.lock,
            lock_error_logs=script.lock_error,
            job_id=script.lock_job,
            relock=relock and show_relock(relock),
        )
    )


async def _read_version(connection: Connection, caller: Caller, version: ScriptHash) -> Script:
    script = await scripts.read(connection, caller.workspace, version)
    if script is None or not may_read(caller.principal, script.path):
        raise NotFound(f"script version {version} does not exist, or you may not see it")
    return script
