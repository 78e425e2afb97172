"""Routes about single scripts: deploying them, and reading one version."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.schemas.answers import json_response, with_raw, without_none
from headrace.api.schemas.drafts import draft_member, show_overlay
from headrace.api.schemas.new_script import NewScriptBody
from headrace.api.schemas.relocks import show_relock
from headrace.api.schemas.script_shapes import DeploymentStatus, Script, ScriptWithDraft
from headrace.api.schemas.scripts import show_drafted, show_script
from headrace.db.failures import retried
from headrace.db.listen import LOCKS_CHANGED
from headrace.errors import InvalidInput, NotFound
from headrace.lifecycle.deploy import deploy_script, deploy_update
from headrace.lifecycle.draft import look_for_drafts
from headrace.lifecycle.find_script import find_head, find_version
from headrace.lifecycle.launch import Launched
from headrace.model.draft import DraftKind
from headrace.model.ids import ScriptHash, parse_script_hash
from headrace.model.path import check_path
from headrace.permissions.check import require_read
from headrace.store import relocks, scripts
from headrace.store.drafts import Place

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.script import Script as Version

router = APIRouter(prefix="/w/{workspace}/scripts", tags=["script"], route_class=CheckedRoute)

# Longest first, so that what is cut off is the whole of it.
_SUFFIXES = (
    ".playbook.yml", ".duckdb.sql", ".deno.ts", ".fetch.ts", ".bun.ts", ".odb.sql", ".pg.sql", ".my.sql",
    ".bq.sql", ".sf.sql", ".ms.sql", ".java", ".ps1", ".sql", ".gql", ".php", ".py", ".ts", ".sh", ".go",
    ".rs", ".cs", ".nu", ".rb", ".js",
)  # fmt: skip


@router.post("/create", status_code=201, response_class=PlainTextResponse)
async def create_script(body: NewScriptBody, caller: WorkspaceCaller, skip_if_noop: bool = False) -> str:
    """Deploy a version and start locking its dependencies; answers with its hash.

    With ``skip_if_noop`` a version that is just like the newest one is not deployed; the newest one's hash
    is the answer.
    """
    script = body.script()

    async def deed(connection: Connection) -> tuple[ScriptHash, Launched | None]:
        return await deploy_script(
            connection,
            caller.principal,
            script,
            auto_parent=bool(body.auto_parent),
            keep_draft=bool(body.skip_draft_deletion),
            skip_if_same=skip_if_noop,
        )

    return await _deploy(caller, deed)


@router.post("/create_snapshot", status_code=201, response_class=PlainTextResponse)
async def create_script_snapshot(caller: WorkspaceCaller) -> str:
    """Refused: a snapshot is a bundle of TypeScript, and only Python runs here."""
    del caller
    raise InvalidInput("file", "bundles of a codebase can't be run here; deploy the script by itself")


@router.post("/update/{path:path}", status_code=201, response_class=PlainTextResponse)
async def update_script(path: str, body: NewScriptBody, caller: WorkspaceCaller) -> str:
    """Deploy a version of the script at a path; the version's own path may move it."""
    script = body.script()

    async def deed(connection: Connection) -> tuple[ScriptHash, Launched | None]:
        return await deploy_update(
            connection,
            caller.principal,
            path,
            script,
            auto_parent=bool(body.auto_parent),
            keep_draft=bool(body.skip_draft_deletion),
        )

    return await _deploy(caller, deed)


@router.get("/get/p/{path:path}", response_model=ScriptWithDraft)
async def get_script_by_path(path: str, caller: WorkspaceCaller, get_draft: bool = False) -> Response:
    """The newest version of a script; with ``get_draft`` also one's own draft of it, or instead of it."""
    check_path(path)
    async with caller.transaction() as connection:
        require_read(caller.principal, path, "script")
        place = Place(caller.workspace, DraftKind.SCRIPT, path)
        draft, others = await look_for_drafts(connection, caller.principal, place, with_text=get_draft)
        overlay = show_overlay(draft, others)
        try:
            script = await find_head(connection, caller.principal, path)
        except NotFound:
            if draft is None or not get_draft:
                raise
            fields = show_drafted(draft, caller.workspace)
        else:
            lineage = await scripts.read_lineage(connection, caller.workspace, script)
            fields = show_script(script, caller.workspace, lineage)
    return json_response(with_raw(fields | overlay, draft_member(draft) if get_draft else {}))


@router.get("/get/h/{hash}", response_model=Script)
async def get_script_by_hash(hash: str, caller: WorkspaceCaller) -> Response:
    """One version of a script."""
    version = parse_script_hash(hash)
    async with caller.transaction() as connection:
        script = await find_version(connection, caller.principal, version)
        lineage = await scripts.read_lineage(connection, caller.workspace, script)
    return json_response(show_script(script, caller.workspace, lineage))


@router.get("/raw/p/{path:path}", response_class=PlainTextResponse)
async def raw_script_by_path(path: str, caller: WorkspaceCaller) -> str:
    """The source of the newest version of a script; the path may end in the suffix of a file name."""
    check_path(path)
    async with caller.transaction() as connection:
        script = await _find_raw(connection, caller, path)
    return script.content


@router.get("/raw/h/{path:path}", response_class=PlainTextResponse)
async def raw_script_by_hash(path: str, caller: WorkspaceCaller) -> str:
    """The source of one version, by its hash, which may have the suffix of a file name."""
    version = parse_script_hash(_without_suffix(path) or path)
    async with caller.transaction() as connection:
        return (await find_version(connection, caller.principal, version)).content


@router.get("/exists/p/{path:path}")
async def exists_script_by_path(path: str, caller: WorkspaceCaller) -> bool:
    """Whether there is such a script to see."""
    check_path(path)
    async with caller.transaction() as connection:
        try:
            await find_head(connection, caller.principal, path)
        except NotFound:
            return False
    return True


@router.get("/deployment_status/h/{hash}", response_model=DeploymentStatus)
async def get_script_deployment_status(hash: str, caller: WorkspaceCaller) -> Response:
    """Whether a version's lock is there, why not, and the job that makes it.

    ``relock`` tells what became of its path's lock when something that it imports last changed.
    """
    version = parse_script_hash(hash)
    async with caller.transaction() as connection:
        script = await find_version(connection, caller.principal, version)
        relock = await relocks.read(connection, caller.workspace, script.path)
    return json_response(
        without_none(
            lock=script.lock,
            lock_error_logs=script.lock_error,
            job_id=script.lock_job,
            relock=relock and show_relock(relock),
        )
    )


async def _deploy(
    caller: Caller, deed: Callable[[Connection], Awaitable[tuple[ScriptHash, Launched | None]]]
) -> str:
    async def transaction() -> tuple[ScriptHash, Launched | None]:
        async with caller.transaction() as connection:
            return await deed(connection)

    version, launched = await retried(transaction)
    if launched is not None:
        launched.announce(caller.context.switchboard)
    else:  # it brought its lock along, so its importers may be locked again at once
        caller.context.switchboard.notify(LOCKS_CHANGED, {caller.workspace})
    return version


async def _find_raw(connection: Connection, caller: Caller, path: str) -> Version:
    try:
        return await find_head(connection, caller.principal, path)
    except NotFound:
        # A path may end in .py itself: the whole of it goes first.
        if (shorter := _without_suffix(path)) is None:
            raise
        return await find_head(connection, caller.principal, shorter)


def _without_suffix(path: str) -> str | None:
    for suffix in _SUFFIXES:
        if path.endswith(suffix):
            return path.removesuffix(suffix)
    return None
