"""A job that waits for its time, or in quarantine, can be claimed from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.errors import Conflict, NotFound
from headrace.lifecycle.cancel import require_end
from headrace.model.job import Held, State
from headrace.queue import due
from headrace.queue.cancel import lock_live
from headrace.store import audit

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId
    from headrace.model.principal import Principal


async def run_now(connection: Connection, principal: Principal, job: JobId) -> str:
    """Let a job wait no longer than it must, and forget how many workers it has lost; returns its tag.

    What waits for a lock or behind a limit goes on doing so. Raises NotFound where there is no such job or
    it has ended, PermissionDenied where it is not theirs, Conflict where it runs.
    """
    await require_end(connection, principal, job)
    live = await lock_live(connection, [job])
    if not live:
        raise NotFound(f"job {job} has ended already")
    if live[0].state is not State.QUEUED:
        raise Conflict(f"job {job} is {live[0].state.value} already")
    if live[0].held is Held.QUARANTINE:
        await due.release_quarantined(connection, job)
    else:
        await due.make_due(connection, job)
    held = live[0].held.value if live[0].held else None
    await audit.write(connection, principal, "jobs.run_now", "Updated", str(job), {"held": held})
    return live[0].tag
