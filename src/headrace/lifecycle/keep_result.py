"""Results that are kept: a success answers later calls of the same version with the same arguments.

The key holds whom the job ran as. A script may read what only they may read, so the result that it gave to
one must not be had by another who may run it, but could not read that.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from headrace.model.cache_key import cache_key
from headrace.model.outcome import Status
from headrace.store import kept_results

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.job import FinishedJob, NewJob
    from headrace.model.outcome import Outcome

MOST_BYTES = 1024**2
"""A larger result is not kept."""


def with_cache(job: NewJob, seconds: int | None) -> NewJob:
    """The job, with its result to be kept for so many seconds where there are any.

    Not where a preprocessor has yet to make the arguments of what came from outside.
    """
    if not seconds or job.preprocessed is False or (key := cache_key(job.entry, job.args)) is None:
        return job
    return dataclasses.replace(job, cache_seconds=seconds, cache_key=key)


async def find_kept(connection: Connection, job: NewJob) -> bytes | None:
    """The result that a job would have, if one is kept; None for a job for later, which then runs."""
    is_later = job.scheduled_for is not None or bool(job.scheduled_in_seconds)
    if job.cache_key is None or job.cache_seconds is None or job.script_hash is None or is_later:
        return None
    return await kept_results.read(
        connection, job.script_hash, job.permissioned_as, job.cache_key, job.cache_seconds
    )


async def keep(connection: Connection, job: FinishedJob, outcome: Outcome) -> None:
    """Keep what a job has returned, if that is asked for, in the transaction in which it ends."""
    if job.cache_key is None or job.cache_seconds is None or outcome.status is not Status.SUCCESS:
        return
    if len(outcome.result) <= MOST_BYTES:
        await kept_results.keep(connection, job.id, job.cache_key, outcome.result, job.cache_seconds)
