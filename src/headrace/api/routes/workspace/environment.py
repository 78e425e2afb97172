"""Routes about what the environment of jobs has in it."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.schemas.answers import json_response
from headrace.api.schemas.workspace.environment import (
    ContextualVariable,
    NewEnvironmentVariable,
    show_contextual,
)
from headrace.lifecycle.values.set_environment import set_environment_variable as set_variable
from headrace.permissions import check
from headrace.store.values import environment

router = APIRouter(prefix="/w/{workspace}", route_class=CheckedRoute)


@router.get("/variables/list_contextual", tags=["variable"], response_model=list[ContextualVariable])
async def list_contextual_variables(caller: WorkspaceCaller) -> Response:
    """What every job finds in its environment: what Headrace sets, and what the workspace adds."""
    principal = caller.principal
    check.require_reader_of_variables(principal)
    async with caller.transaction() as connection:
        custom = await environment.read_all(connection, caller.workspace)
    url = caller.context.settings.url
    values = {
        "WM_WORKSPACE": caller.workspace,
        "WM_EMAIL": principal.email,
        "WM_USERNAME": principal.username,
        "WM_BASE_URL": url,
        "BASE_URL": url,
        "BASE_INTERNAL_URL": url,
        "WM_PERMISSIONED_AS": principal.permissioned_as,
    }
    return json_response(show_contextual(values, custom))


@router.post("/workspaces/set_environment_variable", tags=["workspace"], response_class=PlainTextResponse)
async def set_environment_variable(body: NewEnvironmentVariable, caller: WorkspaceCaller) -> str:
    """Give a variable in the environment of all jobs a value, or without one take it away. For admins.

    Jobs that start more than ten seconds later have it.
    """
    async with caller.transaction() as connection:
        await set_variable(connection, caller.principal, body.name, body.value)
    return f"environment variable {body.name} {'deleted' if body.value is None else 'set'}"
