"""Gives back, or ends, the jobs of workers that are gone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from headrace.lifecycle.cancel import canceled
from headrace.lifecycle.finish import Finished, finish_unclaimed
from headrace.model.outcome import ErrorName, failure
from headrace.queue import sessions

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.queue.sessions import Orphan

log = logging.getLogger(__name__)


async def rescue(connection: Connection) -> Finished:
    """Settle every running job whose worker session is over, within the caller's transaction.

    One that was being canceled is canceled. One that may run again goes back to the queue, at its
    third loss into quarantine. One that may not fails as WorkerLost.
    """
    rescued = Finished()
    for orphan in await sessions.lock_orphans(connection):
        rescued.add(await _settle(connection, orphan))
    return rescued


async def _settle(connection: Connection, orphan: Orphan) -> Finished:
    if orphan.canceled_by is not None:
        outcome = canceled(orphan.canceled_by, orphan.canceled_reason)
        return await finish_unclaimed(connection, orphan.job, outcome)
    if not orphan.restart_if_lost:
        message = f"worker {orphan.worker} was lost while it ran this job, which may not be restarted"
        return await finish_unclaimed(connection, orphan.job, failure(ErrorName.WORKER_LOST, message))
    if await sessions.requeue(connection, orphan):
        log.warning("job %s: worker %s was lost, back to the queue", orphan.job, orphan.worker)
        return Finished(due_tags={orphan.tag})
    log.error("job %s lost its worker %d times and is quarantined", orphan.job, sessions.MOST_LOSSES)
    return Finished()
