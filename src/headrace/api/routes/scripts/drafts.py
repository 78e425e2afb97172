"""Routes about drafts: one's own, and for admins those of others."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.instants import Instant
from headrace.api.schemas.answers import json_response, with_raw, without_none
from headrace.api.schemas.drafts import DraftText, ListedDraft, SavedDraft, show_entries
from headrace.clock import now
from headrace.errors import InvalidInput, NotFound
from headrace.lifecycle.draft import Saved, delete_drafts, discard_draft, save_draft
from headrace.lifecycle.draft import move_draft as move
from headrace.model.draft import SHARED, Draft, DraftKind
from headrace.model.json_text import raw_member
from headrace.model.path import check_path
from headrace.permissions.check import may_see_draft, require_person
from headrace.store import drafts
from headrace.store.drafts import Place, Sync

router = APIRouter(prefix="/w/{workspace}/drafts", tags=["draft"], route_class=CheckedRoute)


class DraftBody(BaseModel):
    """A draft as it is now, and what its writer knows of the stored copy; no value removes the draft."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"value": {"summary": "Dry and wet spells", "content": "# begun"}}]}
    )

    value: Any = None
    last_sync: Instant | None = None
    force: bool | None = None
    legacy: bool | None = None
    created_at: Instant | None = None


class NewPlace(BaseModel):
    """Where a draft goes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"new_path": "f/reports/spells"}]})

    new_path: str
    summary: str | None = None


@router.post("/update/{kind}/{path:path}", response_model=SavedDraft)
async def update_draft(
    kind: DraftKind, path: str, body: DraftBody, request: Request, caller: WorkspaceCaller
) -> Response:
    """Save one's own draft, or remove it, unless another copy was saved since the last one known."""
    if body.legacy:
        raise InvalidInput("legacy", "every draft here has its owner; leave it out")
    place = _place(caller, kind, path)
    sync = Sync(last_sync=body.last_sync, force=bool(body.force))
    async with caller.transaction() as connection:
        if body.value is None:
            saved = await discard_draft(connection, caller.principal, place, sync)
        else:
            value = (raw_member(await request.body(), "value") or b"null").decode()
            saved = await save_draft(
                connection, caller.principal, place, value, sync, written_at=body.created_at
            )
    return json_response(_show_saved(saved))


@router.get("/get_own/{kind}/{path:path}", response_model=DraftText | None)
async def get_own_draft(kind: DraftKind, path: str, caller: WorkspaceCaller) -> Response:
    """One's own draft of an item; null where there is none."""
    place = _place(caller, kind, path)
    async with caller.transaction() as connection:
        draft = await drafts.read_own(connection, caller.principal, place)
    return _show(draft) if draft else json_response(None)


@router.get("/get/{kind}/{path:path}", response_model=DraftText)
async def get_draft_for_user(
    kind: DraftKind, path: str, caller: WorkspaceCaller, username: str | None = None
) -> Response:
    """A user's draft of an item: one's own, or for admins anybody's whose kind holds no secrets."""
    place = _place(caller, kind, path)
    async with caller.transaction() as connection:
        # Without a name the contract means drafts of nobody, of which there are none.
        draft = await drafts.read_of(connection, place, username) if username else None
    if draft is None or not may_see_draft(caller.principal, draft.email, is_shared=kind in SHARED):
        raise NotFound(f"there is no such draft of {kind} {path} that you may see")
    return _show(draft)


@router.get("/list", response_model=list[ListedDraft])
async def list_drafts(caller: WorkspaceCaller, all_users: bool = False) -> Response:
    """One's own drafts, the latest first; with ``all_users`` those of others that one may see, too."""
    require_person(caller.principal)
    async with caller.transaction() as connection:
        found = await drafts.list_all(connection, caller.principal, everybodys=all_users)
    seen = [
        entry
        for entry in found
        if may_see_draft(caller.principal, entry.email, is_shared=entry.kind in SHARED)
    ]
    return json_response(show_entries(seen, caller.principal))


@router.post("/move/{kind}/{path:path}", response_class=PlainTextResponse)
async def move_draft(kind: DraftKind, path: str, body: NewPlace, caller: WorkspaceCaller) -> str:
    """Take one's own draft of what was never deployed to another path."""
    place = _place(caller, kind, path)
    async with caller.transaction() as connection:
        await move(connection, caller.principal, place, body.new_path, body.summary)
    return f"draft moved to {body.new_path}"


@router.post("/delete_for_user/{kind}/{path:path}", response_class=PlainTextResponse)
async def delete_draft_for_user(
    kind: DraftKind, path: str, caller: WorkspaceCaller, username: str | None = None
) -> str:
    """Remove a user's draft of an item, or everybody's. For admins of the workspace."""
    place = _place(caller, kind, path)
    async with caller.transaction() as connection:
        await delete_drafts(connection, caller.principal, place, username)
    return f"draft of {kind} {path} deleted"


def _place(caller: Caller, kind: DraftKind, path: str) -> Place:
    require_person(caller.principal)
    return Place(caller.workspace, kind, check_path(path))


def _show(draft: Draft) -> Response:
    return json_response(with_raw({"created_at": draft.saved_at}, {"value": draft.value.encode()}))


def _show_saved(saved: Saved) -> dict[str, Any]:
    return without_none(
        status="conflict" if saved.is_conflict else "saved",
        current_timestamp=saved.saved_at or now(),
        path=None if saved.is_conflict else saved.path,
    )
