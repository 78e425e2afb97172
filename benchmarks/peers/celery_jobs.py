"""Celery: broker and result backend in Redis."""

from __future__ import annotations

import os
from contextlib import nullcontext

from celery import Celery

from benchmarks.peers.timed import run

app = Celery("benchmarks", broker=os.environ["PEER_STORE"], backend=os.environ["PEER_STORE"])
app.conf.broker_connection_retry_on_startup = True


@app.task(name="task")
def task(witness: str, number: int, n: int) -> int:
    return run(witness, number, n)


client = nullcontext
"""It connects by itself."""


def enqueue(witness: str, tasks: int, n: int) -> None:
    for number in range(tasks):
        task.delay(witness, number, n)


def ask(witness: str) -> None:
    task.delay(witness, 0, 0).get(timeout=60)
