"""Routes about types of resources."""

from __future__ import annotations

import dataclasses

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.schemas.answers import json_response, without_none
from headrace.api.schemas.workspace.resource_types import (
    EditResourceType,
    FileExtension,
    NewResourceType,
    ResourceType,
    show_type,
)
from headrace.lifecycle.values import save_resource_type
from headrace.model.json_text import raw_member
from headrace.store.values import resource_types

router = APIRouter(prefix="/w/{workspace}/resources", tags=["resource"], route_class=CheckedRoute)


@router.get("/type/list", response_model=list[ResourceType])
async def list_resource_type(caller: WorkspaceCaller) -> Response:
    """The types that can be used here, by name: the workspace's own, and those of the workspace admins."""
    async with caller.transaction() as connection:
        found = await resource_types.list_all(connection, caller.workspace)
    return json_response(b"[" + b",".join(show_type(item) for item in found) + b"]")


@router.get("/type/listnames", response_model=list[str])
async def list_resource_type_names(caller: WorkspaceCaller) -> Response:
    """The names of the same types."""
    async with caller.transaction() as connection:
        found = await resource_types.list_all(connection, caller.workspace)
    return json_response([item.name for item in found])


@router.get("/type/get/{path}", response_model=ResourceType)
async def get_resource_type(path: str, caller: WorkspaceCaller) -> Response:
    """A type by its name."""
    async with caller.transaction() as connection:
        found = await save_resource_type.find_type(connection, caller.principal, path)
    return json_response(show_type(found))


@router.get("/type/exists/{path}")
async def exists_resource_type(path: str, caller: WorkspaceCaller) -> bool:
    """Whether there is a type of this name to use."""
    name = save_resource_type.check_type_name(path, "path")
    async with caller.transaction() as connection:
        return await resource_types.read(connection, caller.workspace, name) is not None


@router.post("/type/create", status_code=201, response_class=PlainTextResponse)
async def create_resource_type(body: NewResourceType, request: Request, caller: WorkspaceCaller) -> str:
    """Make a type of the workspace."""
    async with caller.transaction() as connection:
        await save_resource_type.create_type(
            connection,
            caller.principal,
            body.name,
            schema=await _raw_schema(request),
            description=body.description or "",
            display_name=body.display_name,
            format_extension=body.format_extension,
            is_fileset=bool(body.is_fileset),
        )
    return f"resource type {body.name} created"


@router.post("/type/update/{path}", response_class=PlainTextResponse)
async def update_resource_type(
    path: str, body: EditResourceType, request: Request, caller: WorkspaceCaller
) -> str:
    """Change a type of the workspace that one has made, or as an admin any."""
    given = body.model_dump(exclude_unset=True, by_alias=True) | {"schema": await _raw_schema(request)}
    # A null takes away what may be missing, and leaves the rest as it is.
    changes = {
        name: value
        for name, value in given.items()
        if value is not None or name in ("format_extension", "display_name")
    }
    async with caller.transaction() as connection:
        found = await save_resource_type.find_own_type(connection, caller.principal, path)
        changed = dataclasses.replace(found, **changes)
        await save_resource_type.update_type(connection, caller.principal, changed)
    return f"resource type {path} updated"


@router.delete("/type/delete/{path}", response_class=PlainTextResponse)
async def delete_resource_type(path: str, caller: WorkspaceCaller) -> str:
    """Remove a type of the workspace that one has made, or as an admin any; resources of it stay."""
    async with caller.transaction() as connection:
        await save_resource_type.delete_type(connection, caller.principal, path)
    return f"resource type {path} deleted"


@router.get("/file_resource_type_to_file_ext_map", response_model=dict[str, FileExtension])
async def file_resource_type_to_file_ext_map(caller: WorkspaceCaller) -> Response:
    """The types whose values are files, each with the extension of their names."""
    async with caller.transaction() as connection:
        found = await resource_types.list_all(connection, caller.workspace)
    return json_response(
        {
            item.name: without_none(format_extension=item.format_extension, is_fileset=item.is_fileset)
            for item in found
            if item.format_extension is not None or item.is_fileset
        }
    )


async def _raw_schema(request: Request) -> str | None:
    """The schema as it came, so that nothing in it changes; None where there is none."""
    schema = raw_member(await request.body(), "schema")
    return None if schema is None else schema.decode()
