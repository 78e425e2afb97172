"""Routes about resources: what scripts need to keep state."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, StringConstraints

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.schemas.answers import encode, json_response, with_raw
from headrace.errors import Conflict, NotFound
from headrace.model.json_text import raw_member
from headrace.model.path import check_path
from headrace.permissions import check
from headrace.store import audit, resources
from headrace.store.resources import Resource

router = APIRouter(prefix="/w/{workspace}/resources", tags=["resource"], route_class=CheckedRoute)


class NewResource(BaseModel):
    """Body of a new resource."""

    path: str
    value: Any = None
    resource_type: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
    description: str | None = None


class NewValue(BaseModel):
    """Body of a new value."""

    value: Any = None


@router.post("/create", status_code=201, response_class=PlainTextResponse)
async def create_resource(
    body: NewResource, request: Request, caller: WorkspaceCaller, update_if_exists: bool = False
) -> str:
    """Make a resource, or with ``update_if_exists`` give the one that is there this value."""
    check_path(body.path)
    check.require_write(caller.principal, body.path)
    value = await _raw_value(request)
    try:
        async with caller.transaction() as connection:
            await resources.add(
                connection,
                caller.workspace,
                body.path,
                value=value,
                resource_type=body.resource_type,
                description=body.description or "",
                created_by=caller.principal.username,
            )
            await audit.write(connection, caller.principal, "resources.create", "Created", body.path)
    except Conflict:
        if not update_if_exists:
            raise
        await _set_value(caller, body.path, value)
    return f"resource {body.path} created"


@router.post("/update_value/{path:path}", response_class=PlainTextResponse)
async def update_resource_value(path: str, body: NewValue, request: Request, caller: WorkspaceCaller) -> str:
    """Give a resource another value."""
    del body  # it has been checked; its value is taken as the text it came as
    check_path(path)
    check.require_read(caller.principal, path, "resource")
    check.require_write(caller.principal, path)
    await _set_value(caller, path, await _raw_value(request))
    return f"value of resource {path} updated"


@router.get("/get/{path:path}")
async def get_resource(path: str, caller: WorkspaceCaller) -> Response:
    """A resource with its value as it is stored."""
    resource = await _read(caller, path)
    fields = {
        "path": resource.path,
        "workspace_id": caller.workspace,
        "resource_type": resource.resource_type,
        "description": resource.description,
        "extra_perms": resource.extra_perms,
        "created_by": resource.created_by,
        "edited_at": resource.edited_at,
        "is_oauth": False,
        "is_linked": False,
        "is_refreshed": False,
        "is_draft": False,
    }
    return json_response(with_raw(fields, {"value": resource.value.encode() if resource.value else None}))


@router.get("/get_value/{path:path}")
async def get_resource_value(path: str, caller: WorkspaceCaller) -> Response:
    """A resource's value as it is stored."""
    resource = await _read(caller, path)
    return json_response((resource.value or "null").encode())


@router.get("/get_value_interpolated/{path:path}")
async def get_resource_value_interpolated(path: str, caller: WorkspaceCaller) -> Response:
    """A resource's value with the references in it resolved."""
    resource = await _read(caller, path)
    if resource.value is None or '"$' not in resource.value:
        return json_response((resource.value or "null").encode())
    async with caller.transaction() as connection:
        value = await resources.interpolate(connection, caller.workspace, path)
    return json_response(encode(value))


@router.get("/exists/{path:path}")
async def exists_resource(path: str, caller: WorkspaceCaller) -> bool:
    """Whether there is such a resource to see."""
    check_path(path)
    async with caller.transaction() as connection:
        resource = await resources.read(connection, caller.workspace, path)
    return resource is not None and check.may_read(caller.principal, path)


async def _raw_value(request: Request) -> str:
    """The value as it came, so that no number in it changes."""
    return (raw_member(await request.body(), "value") or b"null").decode()


async def _read(caller: Caller, path: str) -> Resource:
    check_path(path)
    check.require_read(caller.principal, path, "resource")
    async with caller.transaction() as connection:
        resource = await resources.read(connection, caller.workspace, path)
    if resource is None:
        raise NotFound(f"resource {path} does not exist, or you may not see it")
    return resource


async def _set_value(caller: Caller, path: str, value: str) -> None:
    async with caller.transaction() as connection:
        await resources.set_value(connection, caller.workspace, path, value)
        await audit.write(connection, caller.principal, "resources.update", "Updated", path)
