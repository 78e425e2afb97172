"""Stops jobs: politely by way of their worker, at once where none has them, or by force."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from headrace.lifecycle.finish import Finished, finish_unclaimed
from headrace.model.job import State
from headrace.model.outcome import ErrorName, Outcome, Status, failure
from headrace.queue import cancel as queue_cancel

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId


def canceled(by: str, reason: str | None) -> Outcome:
    """The outcome of a job that somebody stopped."""
    message = f"Canceled by {by}" + (f": {reason}" if reason else "")
    outcome = failure(ErrorName.CANCELED, message, status=Status.CANCELED, canceler=by, reason=reason)
    return dataclasses.replace(outcome, canceled_by=by, canceled_reason=reason)


async def cancel(connection: Connection, job: JobId, by: str, reason: str | None) -> Finished | None:
    """Stop a job, within the caller's transaction.

    One that waits ends here and now; one that runs is told to, and its worker ends it. None where
    there is no live job that the caller may see.
    """
    live = await queue_cancel.lock_live(connection, job)
    if live is None:
        return None
    if live.state is State.RUNNING:
        await queue_cancel.request(connection, job, by, reason)
        return Finished()
    return await finish_unclaimed(connection, job, canceled(by, reason))


async def force_cancel(connection: Connection, job: JobId, by: str, reason: str | None) -> Finished | None:
    """End a job without waiting for its worker, which finds its attempt stale and kills its processes."""
    live = await queue_cancel.lock_live(connection, job)
    if live is None:
        return None
    return await finish_unclaimed(connection, job, canceled(by, reason))
