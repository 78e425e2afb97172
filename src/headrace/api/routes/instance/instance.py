"""Routes about the installation itself."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from headrace import __version__
from headrace.api.context import InstanceCaller, ServerContext
from headrace.api.health import look_closely
from headrace.api.schemas.answers import json_response
from headrace.api.schemas.health import DetailedHealth, HealthStatus
from headrace.permissions.check import require_person
from headrace.store import instance

router = APIRouter(tags=["settings"])
"""What anybody may ask."""
signed_in = APIRouter(tags=["settings"])

# Clients take the version of the contract apart and switch features by it; ours stands behind it.
CONTRACT_VERSION = "CE v1.819.0"


@router.get("/version", response_class=PlainTextResponse)
async def backend_version() -> str:
    """The version of the contract that is served, then our own."""
    return f"{CONTRACT_VERSION} (headrace {__version__})"


@router.get("/uptodate", response_class=PlainTextResponse)
async def backend_uptodate() -> str:
    """Whether there is a newer version: nobody outside is asked, so this tells how to find out."""
    return f"headrace {__version__} looks for no newer version; its changelog tells of them"


@router.get(
    "/health/status",
    tags=["health"],
    response_model=HealthStatus,
    responses={503: {"model": HealthStatus, "description": "Unhealthy: without a database."}},
)
async def get_health_status(context: ServerContext, force: bool = False) -> Response:
    """Whether all is well, looked at within the last five seconds, or just now by ``force``."""
    health = await context.health.look(context.pool, fresh=force)
    return json_response(health.model_dump(), 200 if health.database_healthy else 503)


@signed_in.get("/health/detailed", tags=["health"], response_model=DetailedHealth)
async def get_health_detailed(caller: InstanceCaller) -> Response:
    """What is well and what isn't, looked at just now; the queue is shown to superadmins."""
    require_person(caller.principal)
    health = await look_closely(caller.context.pool, with_queue=caller.principal.is_superadmin)
    return json_response(health.model_dump(exclude_none=True))


@signed_in.get("/jobs/db_clock", tags=["job"])
async def get_db_clock(caller: InstanceCaller) -> int:
    """The database's clock, in milliseconds since 1970."""
    async with caller.transaction() as connection:
        return await instance.read_clock(connection)
