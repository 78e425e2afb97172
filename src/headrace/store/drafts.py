"""Drafts in the database, as far as whoever asks may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.model.draft import Draft, DraftEntry, DraftKind

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record
    from headrace.model.principal import Principal

SQL = load_queries(__file__, "drafts.sql")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a draft lies: an item of a workspace, by its kind and path."""

    workspace: str
    kind: DraftKind
    path: str


@dataclass(frozen=True, slots=True)
class Sync:
    """What the writer knows of the stored copy: when it was saved. ``force`` writes over any other."""

    last_sync: datetime | None = None
    force: bool = False


async def save(
    connection: Connection,
    principal: Principal,
    place: Place,
    value: str,
    sync: Sync,
    *,
    base: str | None = None,
    written_at: datetime | None = None,
) -> datetime | None:
    """Store one's own draft; when it was saved, or None where another copy was saved since ``last_sync``.

    ``written_at`` is when it was really written, if that is longer ago.
    """
    return await SQL.save_draft.value(
        connection,
        workspace=place.workspace,
        kind=place.kind.value,
        path=place.path,
        email=principal.email,
        username=principal.username,
        value=value,
        base=base,
        written_at=written_at,
        last_sync=sync.last_sync,
        force=sync.force,
    )


async def discard(connection: Connection, principal: Principal, place: Place, sync: Sync) -> datetime | None:
    """Remove one's own draft; when it had been saved, or None where there is none, or another copy by now."""
    return await SQL.discard_draft.value(
        connection,
        workspace=place.workspace,
        kind=place.kind.value,
        path=place.path,
        email=principal.email,
        last_sync=sync.last_sync,
        force=sync.force,
    )


async def read_own(connection: Connection, principal: Principal, place: Place) -> Draft | None:
    """One's own draft of an item."""
    row = await SQL.read_draft.row(
        connection, workspace=place.workspace, kind=place.kind.value, path=place.path, email=principal.email
    )
    return _draft(row) if row else None


async def read_of(connection: Connection, place: Place, username: str) -> Draft | None:
    """A user's draft of an item, by their name in the workspace; None where there is none to see."""
    row = await SQL.read_draft_of.row(
        connection, workspace=place.workspace, kind=place.kind.value, path=place.path, username=username
    )
    return _draft(row) if row else None


async def list_all(
    connection: Connection,
    principal: Principal,
    *,
    kind: DraftKind | None = None,
    everybodys: bool = False,
) -> list[DraftEntry]:
    """Drafts one may see, without their text, the latest first."""
    rows = await SQL.list_drafts.rows(
        connection,
        workspace=principal.workspace,
        email=principal.email,
        kind=kind.value if kind else None,
        everybodys=everybodys,
    )
    return [
        DraftEntry(
            kind=DraftKind(row["kind"]),
            path=row["path"],
            email=row["email"],
            username=row["username"],
            saved_at=row["saved_at"],
            draft_only=row["draft_only"],
            summary=row["summary"],
            draft_path=row["draft_path"],
            language=row["language"],
        )
        for row in rows
    ]


async def list_users(connection: Connection, place: Place) -> list[tuple[str, str, datetime]]:
    """Email and name of those whose drafts of an item one may see, and when each was saved."""
    rows = await SQL.list_draft_users.rows(
        connection, workspace=place.workspace, kind=place.kind.value, path=place.path
    )
    return [(row["email"], row["username"], row["saved_at"]) for row in rows]


async def move(connection: Connection, draft: Draft, workspace: str, new_path: str, value: str) -> bool:
    """Take one's own draft to another path, which must be free of one; False where it has gone."""
    moved = await SQL.move_draft.value(
        connection,
        workspace=workspace,
        kind=draft.kind.value,
        path=draft.path,
        email=draft.email,
        new_path=new_path,
        value=value,
    )
    return moved is not None


async def follow_script(connection: Connection, path: str, new_path: str) -> None:
    """Take everybody's drafts of a script along to its new path, but for those who have one there."""
    await SQL.move_script_drafts.run(connection, path=path, new_path=new_path)


async def delete(connection: Connection, place: Place, username: str | None) -> list[str]:
    """Remove a user's draft of an item, or all that one may remove; returns whose they were."""
    rows = await SQL.delete_drafts.rows(
        connection, workspace=place.workspace, kind=place.kind.value, path=place.path, username=username
    )
    return [row["username"] for row in rows]


def _draft(row: Record) -> Draft:
    return Draft(
        kind=DraftKind(row["kind"]),
        path=row["path"],
        email=row["email"],
        username=row["username"],
        value=row["value"],
        base=row["base"],
        saved_at=row["saved_at"],
    )
