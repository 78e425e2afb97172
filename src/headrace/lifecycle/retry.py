"""A failed job is run again where its caller has asked for that, by a new job.

The failed one stays in history as what it is. Its end and the new job are one transaction, so that a crash
leaves neither a chain that has stopped for no reason nor one with two ends.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from headrace.model.outcome import Status
from headrace.model.retry import read_retry
from headrace.queue.retry import enqueue_retry

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.job import FinishedJob
    from headrace.model.outcome import Outcome
    from headrace.queue.retry import Retried


async def run_again(connection: Connection, job: FinishedJob, outcome: Outcome) -> Retried | None:
    """Enqueue the next job of a chain after a failure, now or for later; None where the chain has ended."""
    if job.retry is None or outcome.status is not Status.FAILURE:
        return None
    chance = random.uniform(-1, 1)  # noqa: S311 - jitter, not a secret
    delay = read_retry(job.retry).delay_seconds(job.retry_number + 1, chance)
    return None if delay is None else await enqueue_retry(connection, job, delay)
