"""Routes about links to files that need no token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from headrace.api.body import CheckedRoute
from headrace.api.context import ServerContext, WorkspaceCaller
from headrace.api.file_answers import LINK_ANSWERED, file_response
from headrace.api.routes.workspace.files import refuse_other_storages
from headrace.api.schemas.blobs.files import FileObject, FilesToSign
from headrace.clock import now
from headrace.db.transaction import nobody
from headrace.lifecycle.blobs.file_links import follow_link, sign_files

router = APIRouter(prefix="/w/{workspace}", tags=["app"], route_class=CheckedRoute)

_MOST_SECONDS = 2**53


@router.post("/apps/sign_s3_objects", response_model=list[FileObject], response_model_exclude_none=True)
async def sign_s3_objects(body: FilesToSign, caller: WorkspaceCaller) -> list[FileObject]:
    """The same references, each with the query of a link that anybody may follow for a while."""
    for wanted in body.s3_objects:
        refuse_other_storages(wanted.storage)
    keys = [wanted.s3 for wanted in body.s3_objects]
    seconds = int(now().timestamp())
    async with caller.transaction() as connection:
        queries = await sign_files(connection, caller.principal, keys, seconds, body.expiry_secs)
    return [
        wanted.model_copy(update={"presigned": query})
        for wanted, query in zip(body.s3_objects, queries, strict=True)
    ]


@router.get("/s3_proxy/{storage}/{key:path}", response_class=Response, responses=LINK_ANSWERED)
async def get_linked_file(
    workspace: str,
    storage: str,
    key: str,
    request: Request,
    context: ServerContext,
    exp: Annotated[int, Query(ge=0, le=_MOST_SECONDS)],
    sig: str,
) -> Response:
    """The bytes of a file, by a link that `sign_s3_objects` made; pictures, sound and film in place."""
    refuse_other_storages(storage)
    seconds = int(now().timestamp())
    async with nobody(context.pool) as connection:
        blob, content_type = await follow_link(
            connection, workspace, key, now=seconds, over=exp, signature=sig
        )
    return await file_response(request, context.blobs, blob, key, content_type)
