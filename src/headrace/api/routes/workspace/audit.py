"""Routes about the audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from headrace.api.body import CheckedRoute
from headrace.api.context import WorkspaceCaller
from headrace.api.instants import Instant
from headrace.api.pages import Page
from headrace.api.schemas.people.audit import AuditLog, show_entry
from headrace.errors import InvalidInput, NotFound
from headrace.permissions import check
from headrace.store import audit
from headrace.store.audit import Action, EntryFilter

router = APIRouter(prefix="/w/{workspace}/audit", tags=["audit"], route_class=CheckedRoute)

LARGEST_ID = 2**63 - 1
EntryId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


@router.get("/list", response_model_exclude_none=True)
async def list_audit_logs(
    caller: WorkspaceCaller,
    page: Page,
    before: Instant | None = None,
    after: Instant | None = None,
    username: str | None = None,
    operation: str | None = None,
    operations: str | None = None,
    exclude_operations: str | None = None,
    resource: str | None = None,
    action_kind: Action | None = None,
    before_id: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    all_workspaces: bool = False,
) -> list[AuditLog]:
    """What was done, the latest first: by anybody for admins, by oneself for others.

    ``operations`` and ``exclude_operations`` are parted by commas.
    """
    principal = caller.principal
    if all_workspaces:
        check.require_superadmin(principal)
    own = check.audited_username(principal)
    if own is not None and username not in (None, own):
        return []
    wanted = EntryFilter(
        workspace=None if all_workspaces else caller.workspace,
        with_instance=check.may_audit_instance(principal),
        username=own or username,
        before=before,
        after=after,
        before_id=before_id,
        operations=_both(operation, operations),
        not_operations=_split(exclude_operations),
        resource=resource,
        action=action_kind,
    )
    async with caller.transaction() as connection:
        found = await audit.list_entries(connection, wanted, limit=page.size, offset=page.offset)
    return [show_entry(entry) for entry in found]


@router.get("/get/{id}", response_model_exclude_none=True)
async def get_audit_log(id: EntryId, caller: WorkspaceCaller) -> AuditLog:
    """One entry of the audit log."""
    async with caller.transaction() as connection:
        entry = await audit.read(
            connection,
            id,
            caller.workspace,
            with_instance=check.may_audit_instance(caller.principal),
            username=check.audited_username(caller.principal),
        )
    if entry is None:
        raise NotFound(f"entry {id} of the audit log does not exist, or you may not see it")
    return show_entry(entry)


def _both(operation: str | None, operations: str | None) -> list[str] | None:
    if operation and operations:
        raise InvalidInput("operation", "does not go with operations")
    return [operation] if operation else _split(operations)


def _split(texts: str | None) -> list[str] | None:
    return texts.split(",") if texts else None
