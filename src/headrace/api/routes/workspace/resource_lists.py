"""Routes that list resources."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.pages import Page
from headrace.api.schemas.answers import json_response
from headrace.api.schemas.workspace.resource_types import TypeCount
from headrace.api.schemas.workspace.resources import (
    ListableResource,
    NamedResource,
    ResourceQuery,
    SearchableResource,
    show_resource,
)
from headrace.lifecycle.values.save_resource_type import check_type_name
from headrace.model.draft import members_of
from headrace.permissions.check import readable_owners
from headrace.store.values import resources
from headrace.store.values.resources import Resource, ResourceFilter

router = APIRouter(prefix="/w/{workspace}/resources", tags=["resource"], route_class=CheckedRoute)

MOST_SEARCHED = 5000
SEARCHED_CHARACTERS = 4000
MOST_NAMED = 1000


@router.get("/list", response_model=list[ListableResource])
async def list_resource(
    page: Page, query: Annotated[ResourceQuery, Depends()], caller: WorkspaceCaller
) -> Response:
    """The resources one may see, by path, without their values; states where one asks for them."""
    wanted = query.filter(readable_owners(caller.principal))
    if query.starred_only:
        return json_response([])  # nobody can star a resource
    async with caller.transaction() as connection:
        found = await resources.list_all(
            connection, caller.workspace, wanted, limit=page.size, offset=page.offset
        )
    return json_response([show_resource(resource, caller.workspace) for resource in found])


@router.get("/list_names/{name}", response_model=list[NamedResource])
async def list_resource_names(name: str, caller: WorkspaceCaller) -> Response:
    """Names and paths of the resources of a type: of the first thousand by path."""
    wanted = ResourceFilter(owners=readable_owners(caller.principal), types=[check_type_name(name)])
    async with caller.transaction() as connection:
        found = await resources.list_all(
            connection, caller.workspace, wanted, limit=MOST_NAMED, offset=0, with_values=True
        )
    return json_response([{"name": _name(resource), "path": resource.path} for resource in found])


@router.get("/list_search", response_model=list[SearchableResource])
async def list_search_resource(caller: WorkspaceCaller) -> Response:
    """Path and value of the resources one may see, to search in: the beginnings of the first 5000 by path."""
    async with caller.transaction() as connection:
        found = await resources.list_beginnings(
            connection,
            caller.workspace,
            readable_owners(caller.principal),
            most_characters=SEARCHED_CHARACTERS,
            limit=MOST_SEARCHED,
        )
    return json_response(
        [{"path": path, "value": value, "truncated": truncated} for path, value, truncated in found]
    )


@router.get("/type/resource_counts", response_model=list[TypeCount])
async def list_resource_counts_by_type(caller: WorkspaceCaller) -> Response:
    """How many resources of each type one may see."""
    async with caller.transaction() as connection:
        counts = await resources.count_by_type(
            connection, caller.workspace, readable_owners(caller.principal)
        )
    return json_response([{"resource_type": name, "count": count} for name, count in counts])


def _name(resource: Resource) -> str:
    name = members_of(resource.value or "null").get("name")
    return name if isinstance(name, str) and name else resource.path.rpartition("/")[2]
