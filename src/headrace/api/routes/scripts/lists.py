"""Routes that list scripts, and what belongs to one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.pages import Page
from headrace.api.schemas.answers import json_response, without_none
from headrace.api.schemas.script_filters import ScriptQuery
from headrace.api.schemas.script_shapes import ListedScript, ScriptSource
from headrace.api.schemas.scripts import show_draft_entry, show_script
from headrace.lifecycle.find_script import find_head
from headrace.model.draft import DraftEntry, DraftKind
from headrace.model.path import check_path
from headrace.permissions.check import may_read, readable_owners
from headrace.store import drafts, imports, scripts
from headrace.store.script_list import list_scripts as read_list

router = APIRouter(prefix="/w/{workspace}/scripts", tags=["script"], route_class=CheckedRoute)

MOST_SOURCE_BYTES = 20 * 1024**2
"""How much source ``list_search`` answers with at most; the latest deployments come first."""
_TRIGGERS = (
    "schedule", "http_routes", "webhook", "email", "default_email", "websocket", "postgres", "kafka", "nats",
    "mqtt", "amqp", "gcp", "azure", "sqs", "nextcloud", "google", "github",
)  # fmt: skip


@router.get("/list", response_model=list[ListedScript])
async def list_scripts(
    page: Page, query: Annotated[ScriptQuery, Depends()], caller: WorkspaceCaller
) -> Response:
    """The newest versions of the scripts one may see, without their source.

    With ``include_draft_only`` the first page begins with those that one has only drafted.
    """
    wanted = query.filter(readable_owners(caller.principal))
    if query.starred_only:
        return json_response([])  # nobody can star a script yet
    async with caller.transaction() as connection:
        found = await read_list(connection, caller.workspace, wanted, limit=page.size, offset=page.offset)
        own = await drafts.list_all(connection, caller.principal, kind=DraftKind.SCRIPT)
    drafted = {entry.path for entry in own if not entry.draft_only}
    shown: list[dict[str, Any]] = []
    if query.include_draft_only and page.number == 1:
        seen = (entry for entry in own if entry.draft_only and may_read(caller.principal, entry.path))
        shown += [show_draft_entry(entry, caller.workspace) for entry in seen if _is_wanted(entry, query)]
    for script in found:
        fields = show_script(script, caller.workspace, []) | {"is_draft": script.path in drafted}
        if query.without_description:
            fields["description"] = ""
        if query.with_deployment_msg:
            fields |= without_none(deployment_msg=script.deployment_message)
        shown.append(fields)
    return json_response(shown)


@router.get("/list_paths", response_model=list[str])
async def list_script_paths(caller: WorkspaceCaller) -> Response:
    """The paths of all scripts one may see."""
    async with caller.transaction() as connection:
        paths = await scripts.list_paths(connection, caller.workspace, readable_owners(caller.principal))
    return json_response(paths)


@router.get("/list_paths_from_workspace_runnable/{path:path}", response_model=list[str])
async def list_script_paths_from_workspace_runnable(path: str, caller: WorkspaceCaller) -> Response:
    """The paths of the scripts that import one directly, among those one may read."""
    await _require_script(caller, path)
    async with caller.transaction() as connection:
        found = await imports.list_dependents(connection, caller.workspace, [path])
    readable = {item.importer for item in found if may_read(caller.principal, item.importer)}
    return json_response(sorted(readable))


@router.get("/list_search", response_model=list[ScriptSource])
async def list_search_script(caller: WorkspaceCaller) -> Response:
    """Path and source of the scripts one may see: of the latest deployments, 20 MB together at most."""
    async with caller.transaction() as connection:
        owners = readable_owners(caller.principal)
        sources = await scripts.list_sources(connection, caller.workspace, owners, MOST_SOURCE_BYTES)
    return json_response([{"path": path, "content": content} for path, content in sources.items()])


@router.get("/list_tokens/{path:path}", response_model=list[dict[str, Any]])
async def list_tokens_of_script(path: str, caller: WorkspaceCaller) -> Response:
    """The tokens that are good for this script only: none, because tokens have no such scope here."""
    await _require_script(caller, path)
    return json_response([])


@router.get("/get_triggers_count/{path:path}", response_model=dict[str, int])
async def get_triggers_count_of_script(path: str, caller: WorkspaceCaller) -> Response:
    """How many triggers of each kind start a script: none, because there are no triggers here yet."""
    await _require_script(caller, path)
    return json_response({f"{kind}_count": 0 for kind in _TRIGGERS})


async def _require_script(caller: Caller, path: str) -> None:
    check_path(path)
    async with caller.transaction() as connection:
        await find_head(connection, caller.principal, path)


def _is_wanted(entry: DraftEntry, query: ScriptQuery) -> bool:
    """A draft has a path and an author; other filters want what only a version has."""
    return (
        query.path_exact in (None, entry.path)
        and entry.path.startswith(query.path_start or "")
        and query.created_by in (None, entry.username)
        and not query.asks_for_versions
    )
