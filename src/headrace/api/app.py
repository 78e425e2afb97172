"""Puts the routes together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse

from headrace import __version__
from headrace.api.access import require_rules
from headrace.api.body import BodyLimit
from headrace.api.errors import add_error_handlers
from headrace.api.routes.instance import instance, users
from headrace.api.routes.jobs import ending, following, metrics, running
from headrace.api.routes.scripts import (
    dependency_map,
    drafts,
    lists,
    scripts,
    trash,
    versions,
    workspace_dependencies,
)
from headrace.api.routes.workspace import connection_settings, file_links, files, resources, workspaces
from headrace.api.url import CleanUrl

if TYPE_CHECKING:
    from fastapi.routing import APIRoute

    from headrace.api.context import Context

ROUTERS: tuple[APIRouter, ...] = (
    instance.router,
    instance.signed_in,
    users.router,
    users.in_workspace,
    workspaces.router,
    workspaces.folders,
    scripts.router,
    lists.router,
    versions.router,
    drafts.router,
    trash.router,
    dependency_map.router,
    workspace_dependencies.router,
    workspace_dependencies.of_all,
    resources.router,
    files.router,
    file_links.router,
    connection_settings.router,
    running.router,
    following.router,
    ending.router,
    metrics.router,
)

_REFUSED: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Refused: one sentence that says why, and names the field where one is to blame.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


def make_app(
    context: Context | None = None, body_limit_mb: int = 10, routers: tuple[APIRouter, ...] = ROUTERS
) -> FastAPI:
    """The application; without a context it can only describe itself.

    Raises RouteWithoutRule where nothing says who may use a route.
    """
    require_rules(routers)
    app = FastAPI(
        title="Headrace",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        strict_content_type=False,
        generate_unique_id_function=_operation_id,
    )
    app.state.context = context
    api = APIRouter(prefix="/api")
    for router in routers:
        api.include_router(router, responses=_REFUSED)
    app.include_router(api)
    app.add_api_route("/", _front_door, include_in_schema=False)
    app.add_middleware(BodyLimit, most_bytes=body_limit_mb * 1024**2)
    app.add_middleware(CleanUrl)
    add_error_handlers(app)
    return app


def _operation_id(route: APIRoute) -> str:
    """A route's function has the name that the public contract gives to its operation."""
    return route.name


async def _front_door() -> PlainTextResponse:
    return PlainTextResponse("This is Headrace. Its API is under /api, described at /api/openapi.json.\n")
