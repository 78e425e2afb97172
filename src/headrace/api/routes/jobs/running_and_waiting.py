"""Routes that start a job and answer as its result tells them to."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from headrace.api.arguments.call import Ask, Call, CallByGet
from headrace.api.arguments.described import ANSWERS_AS_TOLD, TAKES_ARGUMENTS
from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.routes.jobs.launching import (
    IdempotencyKey,
    calling,
    launch_code,
    launch_path,
    launch_version,
)
from headrace.api.routes.jobs.waiting_for import Wait
from headrace.api.schemas.running import Preview
from headrace.api.sync_answer import answer_with

router = APIRouter(
    prefix="/w/{workspace}/jobs/run_wait_result",
    tags=["job"],
    route_class=CheckedRoute,
    responses=ANSWERS_AS_TOLD,
)


@router.post("/p/{path:path}", response_model=Any, openapi_extra=TAKES_ARGUMENTS)
async def run_wait_result_script_by_path(
    path: str, call: Call, caller: WorkspaceCaller, key: IdempotencyKey, wait: Wait
) -> Response:
    """Run the newest version of a script and answer with its result."""
    return answer_with(*await wait.result_of(await launch_path(caller, path, wait.limit(call), key)))


@router.get("/p/{path:path}", response_model=Any)
async def run_wait_result_script_by_path_get(
    path: str, call: CallByGet, caller: WorkspaceCaller, key: IdempotencyKey, wait: Wait
) -> Response:
    """The same by GET, with the arguments as base64url of a JSON object in ``payload``."""
    return answer_with(*await wait.result_of(await launch_path(caller, path, wait.limit(call), key)))


@router.post("/h/{hash}", response_model=Any, openapi_extra=TAKES_ARGUMENTS)
async def run_wait_result_script_by_hash(
    hash: str, call: Call, caller: WorkspaceCaller, key: IdempotencyKey, wait: Wait
) -> Response:
    """Run one version of a script and answer with its result."""
    return answer_with(*await wait.result_of(await launch_version(caller, hash, wait.limit(call), key)))


@router.post("/preview", response_model=Any)
async def run_script_preview_and_wait_result(
    body: Preview, asked: Ask, caller: WorkspaceCaller, key: IdempotencyKey, wait: Wait
) -> Response:
    """Run raw code, as the caller, and answer with its result."""
    wish = calling(await asked.wish(has_args=bool(body.args), tag=body.tag), body.entrypoint_function)
    job = await launch_code(caller, body.code(), wait.limit(wish), key, body.temp_script_refs)
    return answer_with(*await wait.result_of(job))
