"""Puts the routes together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse

from headrace import __version__
from headrace.api.access import require_rules
from headrace.api.body import BodyLimit, check_encoding
from headrace.api.entrance.door import Door
from headrace.api.entrance.hosts import HostCheck
from headrace.api.entrance.rates import RateCheck
from headrace.api.entrance.url import check_url
from headrace.api.errors import add_error_handlers
from headrace.api.routes.instance import (
    description,
    global_settings,
    instance,
    oidc,
    sign_in,
    tokens,
    users,
)
from headrace.api.routes.jobs import (
    canceling,
    changing,
    counts,
    dependencies,
    exporting,
    following,
    logs,
    metrics,
    rerunning,
    resolving,
    results,
    running,
    running_and_waiting,
    running_bundle,
    running_code,
    running_inline,
    streaming,
    updates,
)
from headrace.api.routes.jobs import lists as job_lists
from headrace.api.routes.scripts import (
    dependency_map,
    drafts,
    lists,
    raw_scripts,
    scripts,
    trash,
    versions,
    workspace_dependencies,
)
from headrace.api.routes.workspace import (
    acls,
    audit,
    connection_settings,
    environment,
    file_links,
    files,
    folders,
    groups,
    members,
    resource_lists,
    resource_types,
    resources,
    tarball,
    variables,
    workspace_settings,
    workspaces,
)
from headrace.settings import Settings

if TYPE_CHECKING:
    from fastapi.routing import APIRoute

    from headrace.api.context import Context

ROUTERS: tuple[APIRouter, ...] = (
    # Routes are tried one after the other, so the first are those that are called most.
    running.router,
    running_bundle.router,
    running_code.router,
    running_and_waiting.router,
    running_inline.router,
    dependencies.router,
    following.router,
    canceling.router,
    changing.router,
    rerunning.router,
    updates.router,
    streaming.router,
    results.router,
    resolving.router,
    logs.router,
    job_lists.router,
    exporting.router,
    counts.router,
    counts.of_all,
    metrics.router,
    instance.router,
    instance.signed_in,
    description.router,
    global_settings.router,
    oidc.public,
    oidc.router,
    sign_in.router,
    sign_in.signed_in,
    tokens.router,
    users.router,
    workspaces.router,
    workspace_settings.router,
    workspace_settings.shared_ui,
    members.router,
    members.joining,
    folders.router,
    groups.router,
    acls.router,
    audit.router,
    scripts.router,
    lists.router,
    raw_scripts.router,
    versions.router,
    drafts.router,
    trash.router,
    dependency_map.router,
    workspace_dependencies.router,
    workspace_dependencies.of_all,
    tarball.router,
    variables.router,
    environment.router,
    resources.router,
    resource_lists.router,
    resource_types.router,
    files.router,
    file_links.router,
    connection_settings.router,
)

_REFUSED: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Refused: one sentence that says why, and names the field where one is to blame.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    },
    "503": {
        "description": "The database is away or busy; the same request may succeed after `Retry-After`.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    },
}


def make_app(
    context: Context | None = None,
    settings: Settings | None = None,
    routers: tuple[APIRouter, ...] = ROUTERS,
) -> FastAPI:
    """The application; without a context it can only describe itself. Settings are the defaults unless given.

    Raises RouteWithoutRule where nothing says who may use a route.
    """
    require_rules(routers)
    app = FastAPI(
        title="Headrace",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        strict_content_type=False,
        generate_unique_id_function=_operation_id,
    )
    app.state.context = context
    for router in routers:
        app.include_router(router, prefix="/api", responses=_REFUSED)
    app.add_api_route("/", _front_door, include_in_schema=False)
    settings = settings or Settings()
    app.add_middleware(BodyLimit, most_bytes=settings.body_limit_mb * 1024**2)
    app.add_middleware(Door, checks=(check_url, HostCheck(settings), check_encoding, RateCheck(settings)))
    add_error_handlers(app)
    return app


def _operation_id(route: APIRoute) -> str:
    """A route's function has the name that the public contract gives to its operation."""
    return route.name


async def _front_door() -> PlainTextResponse:
    return PlainTextResponse("This is Headrace. Its API is under /api, described at /api/docs.\n")
