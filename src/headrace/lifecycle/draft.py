"""Saves, moves and removes drafts. What is deployed never changes by any of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from headrace.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from headrace.model.draft import SHARED, Draft, DraftKind, members_of
from headrace.model.path import check_path
from headrace.permissions import check
from headrace.store import audit, drafts, scripts
from headrace.store.drafts import Place, Sync

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.principal import Principal


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a draft. ``saved_at`` is of the copy that is stored now, ``path`` where that is.

    Where ``is_conflict``, that is another copy, which the writer has not seen.
    """

    is_conflict: bool
    saved_at: datetime | None
    path: str


async def look_for_drafts(
    connection: Connection, principal: Principal, place: Place, *, with_text: bool
) -> tuple[Draft | None, list[tuple[str, datetime]]]:
    """One's own draft of an item that one may read, and whose others one may know of, and of when they are.

    Unless its text is wanted, one's own is read only where there is one.
    """
    users = await drafts.list_users(connection, place)
    is_shared = place.kind in SHARED
    seen = [found for found in users if check.may_see_draft(principal, found[0], is_shared=is_shared)]
    others = [(name, saved_at) for email, name, saved_at in seen if email != principal.email]
    if not with_text and len(others) == len(seen):
        return None, others
    return await drafts.read_own(connection, principal, place), others


async def save_draft(
    connection: Connection,
    principal: Principal,
    place: Place,
    value: str,
    sync: Sync,
    *,
    written_at: datetime | None = None,
) -> Saved:
    """Store one's own draft of an item at a path that one may read, unless another copy came in between.

    The draft of a script that has moved away lands where it has gone. Raises NotFound, PermissionDenied.
    """
    _require_drafter(principal, place.path)
    own = await drafts.read_own(connection, principal, place)
    if own is None:
        place = await _follow(connection, principal, place)
        own = await drafts.read_own(connection, principal, place)
    base = await _base(connection, place, value, is_new=own is None)
    saved_at = await drafts.save(connection, principal, place, value, sync, base=base, written_at=written_at)
    if saved_at is not None:
        return Saved(is_conflict=False, saved_at=saved_at, path=place.path)
    return await _conflict(connection, principal, place)


async def discard_draft(connection: Connection, principal: Principal, place: Place, sync: Sync) -> Saved:
    """Remove one's own draft, unless another copy came in between. Where there is none that is fine."""
    check.require_person(principal)
    if await drafts.read_own(connection, principal, place) is None:
        place = await _follow(connection, principal, place)
    removed = await drafts.discard(connection, principal, place, sync)
    if removed is not None:
        return Saved(is_conflict=False, saved_at=removed, path=place.path)
    return await _conflict(connection, principal, place)


async def move_draft(
    connection: Connection, principal: Principal, place: Place, new_path: str, summary: str | None
) -> None:
    """Take one's own draft of what was never deployed to another path, in its text as well.

    Raises NotFound, InvalidInput for a kind that does not keep its path in its text, Conflict where
    something is deployed at either path, or one has a draft at the new one.
    """
    if place.kind not in SHARED:
        raise InvalidInput("kind", f"a draft of kind {place.kind} can't be moved; save it at the other path")
    _require_drafter(principal, place.path)
    check_path(new_path, "new_path")
    check.require_write(principal, new_path)
    draft = await drafts.read_own(connection, principal, place)
    if draft is None:
        raise NotFound(f"you have no draft of {place.kind} {place.path}")
    for path in (place.path, new_path):
        if place.kind is DraftKind.SCRIPT and await scripts.read_head(connection, place.workspace, path):
            raise Conflict(f"{path} is deployed: a deployed script moves by deploying it with another path")
    target = Place(place.workspace, place.kind, new_path)
    if new_path != place.path and await drafts.read_own(connection, principal, target):
        raise Conflict(f"you have a draft at {new_path} already")
    await drafts.move(connection, draft, place.workspace, new_path, _moved(draft, new_path, summary))


async def delete_drafts(
    connection: Connection, principal: Principal, place: Place, username: str | None
) -> None:
    """Remove a user's draft of an item, or with None everybody's. For admins; raises NotFound for none."""
    check.require_admin(principal)
    check.require_person(principal)
    if place.kind not in SHARED:
        raise PermissionDenied(f"drafts of kind {place.kind} are their owners' alone")
    removed = await drafts.delete(connection, place, username)
    if not removed:
        raise NotFound(f"there is no such draft of {place.kind} {place.path}")
    what = {"kind": place.kind.value, "users": sorted(removed)}
    await audit.write(connection, principal, "drafts.delete", "Delete", place.path, what)


def _require_drafter(principal: Principal, path: str) -> None:
    check.require_person(principal)
    check.require_developer(principal)
    check.require_read(principal, path, "path")


async def _follow(connection: Connection, principal: Principal, place: Place) -> Place:
    """Where an item has gone that was moved away; the same place for everything else."""
    if place.kind is not DraftKind.SCRIPT:
        return place
    newest = await scripts.read_newest(connection, place.workspace, place.path)
    if newest is None or not newest.archived:
        return place
    head = await scripts.read_line_head(connection, place.workspace, newest.line)
    if head is None or not check.may_read(principal, head.path):
        return place
    return Place(place.workspace, place.kind, head.path)


async def _base(connection: Connection, place: Place, value: str, *, is_new: bool) -> str | None:
    """The version that a draft began from: what it says itself, else what was deployed at its first save."""
    if place.kind is not DraftKind.SCRIPT:
        return None
    said = members_of(value).get("parent_hash")
    if isinstance(said, str) and said:
        return said
    head = await scripts.read_head(connection, place.workspace, place.path) if is_new else None
    return head.hash if head else None


async def _conflict(connection: Connection, principal: Principal, place: Place) -> Saved:
    stored = await drafts.read_own(connection, principal, place)
    return Saved(
        is_conflict=stored is not None, saved_at=stored.saved_at if stored else None, path=place.path
    )


def _moved(draft: Draft, new_path: str, summary: str | None) -> str:
    members = draft.members() | {"path": new_path}
    if "draft_path" in members:
        members["draft_path"] = new_path
    if summary is not None:
        members["summary"] = summary
    return json.dumps(members, ensure_ascii=False)
