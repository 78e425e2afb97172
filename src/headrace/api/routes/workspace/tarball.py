"""The route that gives a workspace as one archive: what the public command line tool pulls."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.export.archive import media_type, pieces, write_archive
from headrace.api.export.items import export_items
from headrace.api.export.options import ExportOptions
from headrace.api.export.order import Order
from headrace.store import audit

router = APIRouter(prefix="/w/{workspace}/workspaces", tags=["workspace"], route_class=CheckedRoute)

_ARCHIVE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A zip or tar archive.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in (media_type("zip"), media_type("tar"))
        },
    }
}


@router.get("/tarball", response_class=StreamingResponse, responses=_ARCHIVE)
async def tarball_workspace(
    options: Annotated[ExportOptions, Query()], caller: WorkspaceCaller
) -> StreamingResponse:
    """Everything in the workspace that one may see, as an archive of files."""
    kind = options.archive_type
    media = media_type(kind)
    async with caller.transaction() as connection:
        await audit.write(connection, caller.principal, "workspaces.export", "Execute", caller.workspace)
        file = await write_archive(
            kind, export_items(Order(connection, caller.principal, caller.context.vault, options))
        )
    name = f'attachment; filename="{caller.workspace}.{kind}"'
    return StreamingResponse(pieces(file), media_type=media, headers={"Content-Disposition": name})
