"""Routes that start code which is not deployed, or another function of code that is."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from headrace.api.arguments.call import Ask
from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.routes.jobs.launching import IdempotencyKey, calling, launch_by, launch_code, launch_path
from headrace.api.schemas.running import DeployedRunnable, DynamicSelect, InlineRunnable, Preview, Task
from headrace.errors import InvalidInput
from headrace.lifecycle import launch
from headrace.lifecycle.launch import RawCode
from headrace.model.ids import parse_job_id

router = APIRouter(prefix="/w/{workspace}/jobs", tags=["job"], route_class=CheckedRoute)


@router.post("/run/preview", status_code=201, response_class=PlainTextResponse)
async def run_script_preview(body: Preview, asked: Ask, caller: WorkspaceCaller, key: IdempotencyKey) -> str:
    """Run raw code, as the caller."""
    wish = await asked.wish(has_args=bool(body.args), tag=body.tag)
    wish = calling(wish, body.entrypoint_function)
    return str(await launch_code(caller, body.code(), wish, key, body.temp_script_refs))


@router.post("/run/dynamic_select", status_code=201, response_class=PlainTextResponse)
async def run_dynamic_select(
    body: DynamicSelect, asked: Ask, caller: WorkspaceCaller, key: IdempotencyKey
) -> str:
    """Run the function of a script that gives the choices of one of its arguments."""
    wish = calling(await asked.wish(has_args=bool(body.args)), body.entrypoint_function)
    match body.runnable_ref:
        case InlineRunnable() as inline:
            return str(await launch_code(caller, RawCode(inline.code, inline.language), wish, key))
        case DeployedRunnable(runnable_kind="flow"):
            raise InvalidInput("runnable_ref.runnable_kind", "flows can't be run yet")
        case DeployedRunnable() as deployed:
            return str(await launch_path(caller, deployed.path, wish, key))


@router.post("/run/workflow_as_code/{job}/{entrypoint}", status_code=201, response_class=PlainTextResponse)
@router.post(
    "/workflow_as_code/{job}/{entrypoint}",
    status_code=201,
    response_class=PlainTextResponse,
    include_in_schema=False,  # the same by the path that the public description has
)
async def run_code_workflow_task(
    job: str, entrypoint: str, body: Task, asked: Ask, caller: WorkspaceCaller, key: IdempotencyKey
) -> str:
    """Run another function of the code that a job runs, as a child of that job."""
    parent = parse_job_id(job)
    wish = calling(await asked.wish(has_args=bool(body.args)), entrypoint)
    launched = await launch_by(
        caller,
        key,
        lambda connection: launch.run_function(connection, caller.principal, parent, wish, key),
    )
    return str(launched)
