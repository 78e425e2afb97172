"""Routes about who imports whom."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Body, Response
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.schemas.answers import json_response
from headrace.api.schemas.script_shapes import Dependent, DependentsAmount, ImportOfScript
from headrace.db.failures import retried
from headrace.errors import InvalidInput
from headrace.lifecycle.import_map import rebuild
from headrace.permissions.check import may_read
from headrace.store import imports

MOST_PATHS = 1000

ImportedPaths = Annotated[list[str], Body(examples=[["f/reports/spells"]])]

router = APIRouter(prefix="/w/{workspace}/workspaces", tags=["workspace"], route_class=CheckedRoute)


@router.get("/get_dependency_map", response_model=list[ImportOfScript])
async def get_dependency_map(caller: WorkspaceCaller) -> Response:
    """Who imports what, as far as one may read both; at most 10,000 rows."""
    async with caller.transaction() as connection:
        found = await imports.list_all(connection, caller.workspace)
    return json_response(
        [
            {
                "workspace_id": caller.workspace,
                "importer_path": item.importer,
                "importer_kind": item.kind,
                "imported_path": item.imported,
                "importer_node_id": "",
            }
            for item in found
            if may_read(caller.principal, item.importer)
        ]
    )


@router.get("/get_dependents/{imported_path:path}", response_model=list[Dependent])
async def get_dependents(imported_path: str, caller: WorkspaceCaller) -> Response:
    """Who imports a path directly, among those one may read."""
    async with caller.transaction() as connection:
        found = await imports.list_dependents(connection, caller.workspace, [imported_path])
    return json_response(
        [
            {"importer_path": item.importer, "importer_kind": item.kind}
            for item in found
            if may_read(caller.principal, item.importer)
        ]
    )


@router.post("/get_dependents_amounts", response_model=list[DependentsAmount])
async def get_dependents_amounts(body: ImportedPaths, caller: WorkspaceCaller) -> Response:
    """How many import each of these paths directly, among those one may read."""
    if len(body) > MOST_PATHS:
        raise InvalidInput("body", f"names more than {MOST_PATHS} paths")
    async with caller.transaction() as connection:
        found = await imports.list_dependents(connection, caller.workspace, set(body))
    counts = Counter(item.imported for item in found if may_read(caller.principal, item.importer))
    return json_response([{"imported_path": path, "count": counts[path]} for path in dict.fromkeys(body)])


@router.post("/rebuild_dependency_map", response_class=PlainTextResponse)
async def rebuild_dependency_map(caller: WorkspaceCaller) -> str:
    """Make the map anew from all scripts; for admins."""

    async def transaction() -> int:
        async with caller.transaction() as connection:
            return await rebuild(connection, caller.principal)

    return f"the map was rebuilt from {await retried(transaction)} scripts"
