"""RQ: a queue in Redis, each job in a fork of its worker."""

from __future__ import annotations

import os
from contextlib import nullcontext

from redis import Redis
from rq import Queue

from benchmarks.peers.timed import run

client = nullcontext
"""It connects by itself."""

_QUEUE = Queue(connection=Redis.from_url(os.environ["PEER_STORE"]))


def enqueue(witness: str, tasks: int, n: int) -> None:
    for number in range(tasks):
        _QUEUE.enqueue(run, witness, number, n)


def ask(witness: str) -> None:
    job = _QUEUE.enqueue(run, witness, 0, 0)
    if job.latest_result(timeout=60) is None:
        raise TimeoutError(job.id)
