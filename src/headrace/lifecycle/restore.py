"""Takes what was deleted out of the trash bin: back to its path, or away for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.errors import NotFound
from headrace.lifecycle.import_map import note_restored
from headrace.lifecycle.launch import Launched, run_script_dependencies
from headrace.permissions import check
from headrace.store import audit, scripts, trash

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.principal import Principal
    from headrace.store.trash import TrashItem


async def find_trashed(connection: Connection, principal: Principal, item: int) -> TrashItem:
    """One item of the trash bin. For admins; raises NotFound also for one that has expired."""
    check.require_admin(principal)
    found = await trash.read(connection, principal.workspace or "", item)
    if found is None:
        raise _gone(item)
    return found


async def restore_trashed(
    connection: Connection, principal: Principal, item: int
) -> tuple[TrashItem, list[Launched]]:
    """Give an item back to its path; also the jobs that lock again what was being locked.

    Raises NotFound, Conflict where the path is taken again, and PermissionDenied but for admins.
    """
    found = await find_trashed(connection, principal, item)
    versions = await trash.restore_script(connection, found)
    if not versions:
        raise _gone(item)
    jobs: list[Launched] = []
    for version in versions:
        if not version.is_locked:
            launched = await run_script_dependencies(
                connection, principal, version.hash, version.path, version.language
            )
            await scripts.set_lock_job(connection, principal.workspace or "", version.hash, launched.job)
            jobs.append(launched)
    await note_restored(connection, principal, found.item_path)
    await audit.write(connection, principal, "trash.restore", "Updated", found.item_path, {"trash": item})
    return found, jobs


async def erase_trashed(connection: Connection, principal: Principal, item: int) -> None:
    """Erase an item at once. Raises NotFound, and PermissionDenied but for admins."""
    found = await find_trashed(connection, principal, item)
    await trash.erase(connection, item)
    await audit.write(connection, principal, "trash.delete", "Delete", found.item_path, {"trash": item})


async def empty_trash(connection: Connection, principal: Principal) -> int:
    """Erase all that the workspace has in the trash bin; how many items. PermissionDenied but for admins."""
    check.require_admin(principal)
    erased = await trash.erase(connection, None)
    await audit.write(connection, principal, "trash.empty", "Delete", None, {"items": erased})
    return erased


def _gone(item: int) -> NotFound:
    return NotFound(f"there is no item {item} in the trash bin of this workspace")
