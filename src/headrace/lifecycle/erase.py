"""Erases what a finished job was given and gave, or removes finished jobs altogether."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.errors import Conflict, NotFound
from headrace.lifecycle.cancel import require_end
from headrace.permissions.check import require_admin
from headrace.queue import erase as queue_erase
from headrace.queue.cancel import lock_live
from headrace.store import audit, runs

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId
    from headrace.model.principal import Principal
    from headrace.model.run import Run


async def erase_data(connection: Connection, principal: Principal, job: JobId) -> Run:
    """Erase arguments, result and logs of a finished job for good; returns what is left of it.

    Raises NotFound where there is no such job or it has not ended, PermissionDenied where it is not theirs.
    """
    run = await require_end(connection, principal, job)
    if not run.is_finished or not await queue_erase.erase(connection, job):
        raise NotFound(f"job {job} has not ended yet")
    await audit.write(connection, principal, "jobs.erase", "Delete", str(job))
    left = await runs.read(connection, principal.workspace or "", job)
    if left is None:
        raise AssertionError("a row whose data were erased is still there")
    return left


async def remove(connection: Connection, principal: Principal, jobs: list[JobId]) -> list[JobId]:
    """Remove finished jobs from the workspace, with all that is known of them; returns which.

    Ids of which there is no job are passed over. For admins only; raises Conflict, and removes nothing,
    where one has not ended.
    """
    require_admin(principal)
    if live := await lock_live(connection, jobs):
        raise Conflict(f"job {live[0].id} has not ended: cancel it first")
    removed = await queue_erase.remove(connection, jobs)
    for job in removed:
        await audit.write(connection, principal, "jobs.delete", "Delete", str(job))
    return removed
