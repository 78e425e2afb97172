"""Routes by which a job calls a script as if it were a function: the result, or an error.

Elsewhere such a script runs within the worker that asks; here it is a job like any other.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from headrace.api.arguments.call import Ask
from headrace.api.arguments.described import WAITS
from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.routes.jobs.launching import IdempotencyKey, launch_code, launch_path, launch_version
from headrace.api.routes.jobs.waiting_for import Wait
from headrace.api.schemas.answers import json_response
from headrace.api.schemas.running import InlineArguments, InlinePreview
from headrace.lifecycle.launch import RawCode

router = APIRouter(
    prefix="/w/{workspace}/jobs/run_inline", tags=["job"], route_class=CheckedRoute, responses=WAITS
)


@router.post("/p/{path:path}", response_model=Any)
async def run_script_by_path_inline(
    path: str, body: InlineArguments, asked: Ask, caller: WorkspaceCaller, key: IdempotencyKey, wait: Wait
) -> Response:
    """Run the newest version of a script and answer with its result; a failure is an error."""
    wish = wait.limit(await asked.wish(has_args=bool(body.args)))
    return json_response(await wait.success_of(await launch_path(caller, path, wish, key)))


@router.post("/h/{hash}", response_model=Any)
async def run_script_by_hash_inline(
    hash: str, body: InlineArguments, asked: Ask, caller: WorkspaceCaller, key: IdempotencyKey, wait: Wait
) -> Response:
    """Run one version of a script and answer with its result; a failure is an error."""
    wish = wait.limit(await asked.wish(has_args=bool(body.args)))
    return json_response(await wait.success_of(await launch_version(caller, hash, wish, key)))


@router.post("/preview", response_model=Any)
async def run_script_preview_inline(
    body: InlinePreview, asked: Ask, caller: WorkspaceCaller, key: IdempotencyKey, wait: Wait
) -> Response:
    """Run raw code, as the caller, and answer with its result; a failure is an error."""
    wish = wait.limit(await asked.wish(has_args=bool(body.args)))
    code = RawCode(body.content, body.language)
    return json_response(await wait.success_of(await launch_code(caller, code, wish, key)))
