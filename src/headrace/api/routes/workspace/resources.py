"""Routes about resources, among them the state that scripts keep."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.schemas.answers import json_response, with_raw
from headrace.api.schemas.drafts import draft_member, show_overlay
from headrace.api.schemas.workspace.paths import ManyPaths
from headrace.api.schemas.workspace.resources import (
    EditResource,
    NewResource,
    NewValue,
    ResourceWithDraft,
    show_resource,
)
from headrace.db.failures import retried
from headrace.errors import NotFound
from headrace.lifecycle.draft import look_for_drafts
from headrace.lifecycle.values.interpolate import find_resource, interpolate
from headrace.lifecycle.values.save_resource import create_resource as create
from headrace.lifecycle.values.save_resource import delete_resources, set_resource_value
from headrace.lifecycle.values.save_resource import update_resource as update
from headrace.model.draft import DraftKind
from headrace.model.json_text import raw_member
from headrace.model.path import check_path
from headrace.store.drafts import Place

router = APIRouter(prefix="/w/{workspace}/resources", tags=["resource"], route_class=CheckedRoute)


@router.post("/create", status_code=201, response_class=PlainTextResponse)
async def create_resource(
    body: NewResource, request: Request, caller: WorkspaceCaller, update_if_exists: bool = False
) -> str:
    """Make a resource, or with ``update_if_exists`` make the one that is there like this."""
    wanted = body.wanted(await _raw_value(request))
    async with caller.transaction() as connection:
        await create(connection, caller.principal, body.path, wanted, update_if_exists=update_if_exists)
    return f"resource {body.path} created"


@router.post("/update/{path:path}", response_class=PlainTextResponse)
async def update_resource(path: str, body: EditResource, request: Request, caller: WorkspaceCaller) -> str:
    """Change a resource. With a new path it moves, together with the variable that is linked with it."""
    wanted = body.wanted(await _raw_value(request))

    async def transaction() -> str:
        async with caller.transaction() as connection:
            return await update(connection, caller.context.vault, caller.principal, path, wanted)

    # The two of a linked pair may be moved at once, and then wait for each other.
    return f"resource {await retried(transaction)} updated"


@router.post("/update_value/{path:path}", response_class=PlainTextResponse)
async def update_resource_value(path: str, body: NewValue, request: Request, caller: WorkspaceCaller) -> str:
    """Give a resource another value."""
    del body  # it has been checked; its value is taken as the text it came as
    value = await _raw_value(request) or "null"
    async with caller.transaction() as connection:
        await set_resource_value(connection, caller.principal, path, value)
    return f"value of resource {path} updated"


@router.get("/get/{path:path}", response_model=ResourceWithDraft)
async def get_resource(path: str, caller: WorkspaceCaller, get_draft: bool = False) -> Response:
    """A resource with its value as it is stored."""
    check_path(path)
    async with caller.transaction() as connection:
        resource = await find_resource(connection, caller.principal, path)
        place = Place(caller.workspace, DraftKind.RESOURCE, path)
        draft, others = await look_for_drafts(connection, caller.principal, place, with_text=get_draft)
    fields = show_resource(resource, caller.workspace) | show_overlay(draft, others)
    raw = {"value": resource.value.encode() if resource.value else None}
    return json_response(with_raw(fields, raw | (draft_member(draft) if get_draft else {})))


@router.get("/get_value/{path:path}", response_model=Any)
async def get_resource_value(path: str, caller: WorkspaceCaller) -> Response:
    """A resource's value as it is stored."""
    check_path(path)
    async with caller.transaction() as connection:
        resource = await find_resource(connection, caller.principal, path)
    return json_response((resource.value or "null").encode())


@router.get("/get_value_interpolated/{path:path}", response_model=Any)
async def get_resource_value_interpolated(
    path: str, caller: WorkspaceCaller, job_id: str | None = None, allow_cache: bool = False
) -> Response:
    """A resource's value with all that it refers to put in, with the caller's rights.

    A job's token says which job asks, and nothing is cached: ``job_id`` and ``allow_cache`` change nothing.
    """
    del job_id, allow_cache
    check_path(path)
    async with caller.transaction() as connection:
        value = await interpolate(connection, caller.context.vault, caller.principal, path)
    return json_response(value.encode())


@router.get("/exists/{path:path}")
async def exists_resource(path: str, caller: WorkspaceCaller) -> bool:
    """Whether there is such a resource to see."""
    check_path(path)
    async with caller.transaction() as connection:
        try:
            await find_resource(connection, caller.principal, path)
        except NotFound:
            return False
    return True


@router.delete("/delete/{path:path}", response_class=PlainTextResponse)
async def delete_resource(path: str, caller: WorkspaceCaller) -> str:
    """Remove a resource, for good."""
    async with caller.transaction() as connection:
        if not await delete_resources(connection, caller.principal, [path]):
            raise NotFound(f"resource {path} does not exist, or you may not see it")
    return f"resource {path} deleted"


@router.delete("/delete_bulk", response_model=list[str])
async def delete_resources_bulk(body: ManyPaths, caller: WorkspaceCaller) -> Response:
    """Remove resources, for good; the paths of those that were there."""
    async with caller.transaction() as connection:
        return json_response(await delete_resources(connection, caller.principal, body.paths))


async def _raw_value(request: Request) -> str | None:
    """The value as it came, so that no number in it changes; None where there is none."""
    value = raw_member(await request.body(), "value")
    return None if value is None else value.decode()
