"""Routes that lock the dependencies of a script, without deploying it."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from headrace.api.arguments.described import WAITS
from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.routes.jobs.launching import IdempotencyKey, launch_by
from headrace.api.routes.jobs.waiting_for import Wait
from headrace.api.schemas.answers import json_response
from headrace.api.schemas.dependencies import Lock, RawDependencies
from headrace.lifecycle import launch
from headrace.model.ids import JobId
from headrace.model.job import Idempotency

router = APIRouter(prefix="/w/{workspace}/jobs/run", tags=["job"], route_class=CheckedRoute)


@router.post("/dependencies_async", status_code=201, response_class=PlainTextResponse)
async def run_raw_script_dependencies_async(
    body: RawDependencies, caller: WorkspaceCaller, key: IdempotencyKey
) -> str:
    """Start a job that locks the dependencies of a script; its result is ``{"lock": text}``."""
    return str(await _launch(caller, body, key))


@router.post("/dependencies", status_code=201, response_model=Lock, responses=WAITS)
async def run_raw_script_dependencies(
    body: RawDependencies, caller: WorkspaceCaller, key: IdempotencyKey, wait: Wait
) -> Response:
    """Lock the dependencies of a script and wait for the lock."""
    return json_response(await wait.success_of(await _launch(caller, body, key)), 201)


async def _launch(caller: Caller, body: RawDependencies, key: Idempotency | None) -> JobId:
    code = body.code()
    return await launch_by(
        caller,
        key,
        lambda connection: launch.run_dependencies(connection, caller.principal, code, key),
        body.temp_script_refs,
    )
