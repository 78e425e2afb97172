"""Procrastinate: a queue in PostgreSQL. It keeps no results."""

from __future__ import annotations

import os
import time

import procrastinate

from benchmarks.peers.timed import run, times_of

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["PEER_STORE"]))

_LOOK_SECONDS = 0.0005


@app.task(name="task")
def task(witness: str, number: int, n: int) -> int:
    return run(witness, number, n)


client = app.open
"""What a client is connected by."""


def enqueue(witness: str, tasks: int, n: int) -> None:
    task.batch_defer(*({"witness": witness, "number": number, "n": n} for number in range(tasks)))


def ask(witness: str) -> None:
    """All that a client can see soon is what the task has done."""
    before = _size(witness)
    task.defer(witness=witness, number=0, n=0)
    while _size(witness) == before:
        time.sleep(_LOOK_SECONDS)


def _size(witness: str) -> int:
    try:
        return times_of(witness).stat().st_size
    except FileNotFoundError:
        return 0
