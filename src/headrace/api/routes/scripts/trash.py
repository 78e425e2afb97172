"""Routes about the trash bin, for admins of the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.pages import Page
from headrace.api.schemas.answers import json_response
from headrace.api.schemas.script_shapes import TrashItem, TrashItemWithData
from headrace.api.schemas.scripts import show_deployment, show_script
from headrace.lifecycle.launch import Launched
from headrace.lifecycle.restore import empty_trash as empty
from headrace.lifecycle.restore import erase_trashed, find_trashed, restore_trashed
from headrace.permissions.check import require_admin
from headrace.store import trash
from headrace.store.script_history import deployment_of
from headrace.store.trash import LARGEST_ID
from headrace.store.trash import TrashItem as Item

if TYPE_CHECKING:
    from headrace.model.script import Script

router = APIRouter(prefix="/w/{workspace}/trash", tags=["trash"], route_class=CheckedRoute)

ItemId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


@router.get("/list", response_model=list[TrashItem])
async def list_trash(page: Page, caller: WorkspaceCaller, item_kind: str | None = None) -> Response:
    """What was deleted and can still be restored, the latest first."""
    require_admin(caller.principal)
    async with caller.transaction() as connection:
        items = await trash.list_items(
            connection, caller.workspace, item_kind or None, limit=page.size, offset=page.offset
        )
    return json_response([_show(item, caller.workspace) for item in items])


@router.get("/get/{id}", response_model=TrashItemWithData)
async def get_trash_item(id: ItemId, caller: WorkspaceCaller) -> Response:
    """One item with what it was: of a script the newest version, and what others there were."""
    async with caller.transaction() as connection:
        item = await find_trashed(connection, caller.principal, id)
        versions = await trash.read_versions(connection, caller.workspace, id)
    data = _show_versions(versions, caller.workspace)
    return json_response(_show(item, caller.workspace) | {"item_data": data})


@router.post("/restore/{id}", response_class=PlainTextResponse)
async def restore_trash_item(id: ItemId, caller: WorkspaceCaller) -> str:
    """Give an item back to its path."""
    item, launched = await _restore(caller, id)
    for job in launched:
        job.announce(caller.context.switchboard)
    return f"{item.item_kind} {item.item_path} restored"


@router.delete("/delete/{id}", response_class=PlainTextResponse)
async def permanently_delete_trash_item(id: ItemId, caller: WorkspaceCaller) -> str:
    """Erase an item for good."""
    async with caller.transaction() as connection:
        await erase_trashed(connection, caller.principal, id)
    return f"item {id} erased"


@router.post("/empty", response_class=PlainTextResponse)
async def empty_trash(caller: WorkspaceCaller) -> str:
    """Erase everything in the trash bin for good."""
    async with caller.transaction() as connection:
        erased = await empty(connection, caller.principal)
    return f"{erased} items erased"


async def _restore(caller: Caller, item: int) -> tuple[Item, list[Launched]]:
    async with caller.transaction() as connection:
        return await restore_trashed(connection, caller.principal, item)


def _show(item: Item, workspace: str) -> dict[str, Any]:
    return {
        "id": item.id,
        "workspace_id": workspace,
        "item_kind": item.item_kind,
        "item_path": item.item_path,
        "deleted_by": item.deleted_by,
        "deleted_at": item.deleted_at,
        "expires_at": item.expires_at,
    }


def _show_versions(versions: list[Script], workspace: str) -> dict[str, Any]:
    newest = show_script(versions[0], workspace, []) if versions else {}
    return newest | {"versions": [show_deployment(deployment_of(version)) for version in versions]}
