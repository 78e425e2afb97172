"""Routes that start a deployed script. Each answers 201 with the job's bare id."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from headrace.api.arguments.call import Call
from headrace.api.arguments.described import TAKES_ARGUMENTS
from headrace.api.context import WorkspaceCaller
from headrace.api.routes.jobs.launching import IdempotencyKey, launch_path, launch_version

router = APIRouter(prefix="/w/{workspace}/jobs/run", tags=["job"])


@router.post(
    "/p/{path:path}", status_code=201, response_class=PlainTextResponse, openapi_extra=TAKES_ARGUMENTS
)
async def run_script_by_path(path: str, call: Call, caller: WorkspaceCaller, key: IdempotencyKey) -> str:
    """Run the newest version of a script."""
    return str(await launch_path(caller, path, call, key))


@router.post("/h/{hash}", status_code=201, response_class=PlainTextResponse, openapi_extra=TAKES_ARGUMENTS)
async def run_script_by_hash(hash: str, call: Call, caller: WorkspaceCaller, key: IdempotencyKey) -> str:
    """Run one version of a script, also one that has been superseded."""
    return str(await launch_version(caller, hash, call, key))
