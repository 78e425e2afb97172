"""Routes that take source as it lies on somebody's disk: what is stored is imported by jobs that name it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response

from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.schemas.answers import json_response
from headrace.api.schemas.raw_scripts import LocalScripts
from headrace.lifecycle.raw_script import find_changed, find_changed_files, store_raw_script

router = APIRouter(prefix="/w/{workspace}/scripts/raw_temp", tags=["script"], route_class=CheckedRoute)


@router.post("/store", response_model=str)
async def store_raw_script_temp(
    body: Annotated[str, Body(examples=["def main():\n    return 1\n"])], caller: WorkspaceCaller
) -> Response:
    """Keep source for a day; its hash, for ``temp_script_refs`` of one's own jobs."""
    async with caller.transaction() as connection:
        return json_response(await store_raw_script(connection, caller.principal, body))


@router.post("/diff", response_model=list[str])
async def diff_raw_scripts_with_deployed(body: LocalScripts, caller: WorkspaceCaller) -> Response:
    """The paths of those that are deployed otherwise than they lie on the disk, or not at all."""
    files = body.workspace_deps or []
    hashes: dict[str, dict[str, str]] = {}
    for file in files:
        hashes.setdefault(file.language, {})[file.path] = file.hash
    async with caller.transaction() as connection:
        changed = await find_changed(connection, caller.principal, body.scripts)
        for language, of_language in hashes.items():
            changed += sorted(await find_changed_files(connection, caller.principal, language, of_language))
    return json_response(changed)
