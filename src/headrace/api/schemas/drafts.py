"""Drafts in the shape of the public contract."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from headrace.api.schemas.answers import without_none
from headrace.model.draft import SHARED, DraftKind
from headrace.permissions.check import may_write

if TYPE_CHECKING:
    from headrace.model.draft import Draft, DraftEntry
    from headrace.model.principal import Principal


class SavedDraft(BaseModel):
    """What became of a draft that was sent."""

    status: Literal["saved", "conflict"]
    current_timestamp: datetime
    path: str | None = None


class DraftText(BaseModel):
    """A draft, and when it was saved."""

    value: Any
    created_at: datetime


class DraftUser(BaseModel):
    """Somebody who has a draft."""

    username: str


class ListedDraft(BaseModel):
    """A draft in a list."""

    kind: DraftKind
    path: str
    draft_only: bool
    legacy_draft: bool
    created_at: datetime
    can_write: bool
    mine: bool
    username: str
    summary: str | None = None
    draft_path: str | None = None
    draft_users: list[DraftUser] | None = None


def show_overlay(draft: Draft | None, others: list[tuple[str, datetime]]) -> dict[str, Any]:
    """What an item's answer says of one's own draft, and of whose other ones one may know.

    The draft's text itself is added by ``draft_member``, so that no number in it changes.
    """
    return without_none(
        is_draft=draft is not None,
        draft_saved_at=draft.saved_at if draft else None,
        draft_base=draft.base if draft else None,
        other_drafts_users=[{"username": name, "draft_saved_at": saved_at} for name, saved_at in others]
        or None,
    )


def draft_member(draft: Draft | None) -> dict[str, bytes | None]:
    """The member ``draft``; clients read objects only."""
    is_object = draft is not None and draft.value.lstrip().startswith("{")
    return {"draft": draft.value.encode() if draft and is_object else None}


def show_entries(entries: list[DraftEntry], principal: Principal) -> list[dict[str, Any]]:
    """Drafts in a list, each with the names of those whose drafts of the same item are in it."""
    users: dict[tuple[str, str], list[dict[str, str]]] = {}
    for entry in entries:
        users.setdefault((entry.kind, entry.path), []).append({"username": entry.username})
    return [
        without_none(
            kind=entry.kind.value,
            path=entry.path,
            summary=entry.summary,
            draft_path=entry.draft_path if entry.draft_path != entry.path else None,
            draft_only=entry.draft_only,
            legacy_draft=False,
            created_at=entry.saved_at,
            can_write=may_write(principal, entry.path),
            mine=entry.email == principal.email,
            username=entry.username,
            draft_users=users[entry.kind, entry.path] if entry.kind in SHARED else None,
        )
        for entry in entries
    ]
