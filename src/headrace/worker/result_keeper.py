"""Takes a large result to the blob store before its job is completed, so that the row stays small.

A store that is away is waited for; after that the result goes into the row after all. It is never lost
for that, and no job waits longer for its end.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from headrace import failpoint
from headrace.blobs.blobs import new_name
from headrace.clock import monotonic
from headrace.db.failures import until_back
from headrace.errors import HeadraceError
from headrace.model.job import JobKind
from headrace.store.blobs import doubtful_blobs

if TYPE_CHECKING:
    from headrace.blobs.blobs import Blobs
    from headrace.db.connection import Pool
    from headrace.model.blob import Blob
    from headrace.model.job import ClaimedJob
    from headrace.settings import Settings

log = logging.getLogger(__name__)

ACQUIRE_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 5.0


class ResultKeeper:
    """One per worker process."""

    def __init__(self, blobs: Blobs, pool: Pool, settings: Settings) -> None:
        self._blobs = blobs
        self._pool = pool
        self._threshold_bytes = settings.blob_threshold_kb * 1024
        self._patience_seconds = settings.blob_patience_seconds

    def is_large(self, job: ClaimedJob, result: bytes) -> bool:
        """Whether a result goes to the store. A lock does not: its job's end is to read it."""
        return len(result) > self._threshold_bytes and job.kind is not JobKind.DEPENDENCIES

    async def keep(
        self, job: ClaimedJob, result: bytes, is_wanted: Callable[[], bool] = lambda: True
    ) -> Blob | None:
        """Store a result; None where the store fails for longer than is waited for, or than it is wanted."""
        until = monotonic() + self._patience_seconds
        pause = 0.1
        while True:
            try:
                return await self._put(job, result)
            except HeadraceError as error:
                left = until - monotonic()
                if left <= 0 or not is_wanted():
                    log.warning("job %s: its result goes into the database: %s", job.lease.job, error)
                    return None
                log.warning("job %s: its result can't be stored yet: %s", job.lease.job, error)
                await asyncio.sleep(min(left, random.uniform(pause / 2, pause)))  # noqa: S311 - jitter
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _put(self, job: ClaimedJob, result: bytes) -> Blob:
        lease = job.lease
        # A new name each time: a put that was given up may still be under way.
        name = new_name("results", job.workspace, lease.job, lease.attempt)

        async def doubt() -> None:
            async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                await doubtful_blobs.doubt(
                    connection,
                    name,
                    job.workspace,
                    seconds=doubtful_blobs.JUDGED_AFTER_SECONDS,
                    job=lease.job,
                    attempt=lease.attempt,
                )

        await until_back(doubt, "noting a large result")
        blob = await self._blobs.put(name, result)
        await failpoint.reach("result_put")
        return blob
