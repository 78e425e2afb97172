"""W6: how long a claim takes with nothing due, with few jobs, and with very many, or old snapshots, about.

Each claim is the worker's own statement, under its role, for one slot. It is committed, and the commit, which
waits for the disk, is timed apart.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from benchmarks.backlog import SQL, Backlog, Claim, open_backlog
from benchmarks.evidence import Figures
from benchmarks.report import Column, percentile, ratios, time_column
from benchmarks.workload import Round, Workload
from headrace.db.connection import connect
from headrace.lifecycle.finish import finish_attempts
from headrace.model.job import ClaimedJob
from headrace.model.outcome import Outcome, Status
from headrace.queue.exchange import Author, Completion

_AUTHOR = Author("benchmarks", "process")
_EMPTY = "nothing due"
_FEW = "few due"
_WARM_UP = 20
_ONE = ["one"]
_THREE = ["one", "two", "three"]
_URGENT = 100
_DAY_SECONDS = 86400.0
_REFILL = 2000
_TOGETHER = 20
"""Completions in a transaction."""

Case = Callable[[], Awaitable[Figures]]


async def _measure(_: object, options: argparse.Namespace, __: int) -> Round:
    claims, most = options.claims, options.backlog
    async with open_backlog() as backlog:

        async def few() -> None:
            await backlog.fill(claims + _WARM_UP, _ONE)

        async def future() -> None:
            await few()
            await backlog.fill(most, _ONE, _URGENT, _DAY_SECONDS)

        measured: Round = {}
        for name, fill, tags in (
            (_EMPTY, None, _ONE),
            (_FEW, few, _ONE),
            (f"a: {most:,} due", lambda: backlog.fill(most, _ONE), _ONE),
            (f"b: {most:,} due of three tags", lambda: backlog.fill(most, _THREE), _THREE),
            (f"c: {most:,} of higher priority in the future", future, _ONE),
        ):
            await backlog.forget()
            if fill is not None:
                await fill()
            measured[name] = await _claims(backlog, tags, claims)
        await backlog.forget()
        return measured | await _held(backlog, options.hold_seconds)


async def _claims(backlog: Backlog, tags: list[str], claims: int) -> Figures:
    """One after another; what was claimed stays so."""
    rows = await backlog.settle()
    for _ in range(_WARM_UP):
        await backlog.claim(tags)
    made = [await backlog.claim(tags) for _ in range(claims)]
    jobs = sum(len(one.jobs) for one in made)
    if jobs != (claims if rows["due"] else 0):
        raise RuntimeError(f"{claims} claims gave {jobs} jobs")
    return _figures(made, rows)


def _figures(made: list[Claim], rows: dict[str, int]) -> Figures:
    statements, commits = [one.statement_ms for one in made], [one.commit_ms for one in made]
    return {"times_ms": statements, "commit_times_ms": commits, "rows": rows}


async def _held(backlog: Backlog, seconds: int) -> Round:
    """Jobs come, are claimed and end, as fast as they go, while a transaction can still see all of them."""
    made: list[tuple[float, Claim]] = []
    held: list[ClaimedJob] = []
    async with _snapshot(backlog):
        began = time.monotonic()
        waiting = 0
        while (passed := time.monotonic() - began) < seconds:
            if not waiting:
                await backlog.fill(_REFILL, _ONE)
                waiting = _REFILL
            one = await backlog.claim(_ONE)
            made.append((passed, one))
            held += one.jobs
            waiting -= len(one.jobs)
            if len(held) == _TOGETHER:
                await _complete(backlog, held)
                held.clear()
        bloat = await SQL.read_bloat.row(backlog.owner)
    assert bloat is not None
    first = [one for passed, one in made if passed < seconds / 10]
    last = [one for passed, one in made if passed >= seconds * 0.9]
    return {
        f"e: first tenth of {seconds} s under an old snapshot": _figures(first, {}),
        "e: last tenth": _figures(last, {"drained": len(made), **bloat}),
    }


@asynccontextmanager
async def _snapshot(backlog: Backlog) -> AsyncIterator[None]:
    """As a long report or a backup has one."""
    connection = await connect(backlog.login, "benchmarks")
    try:
        await connection.execute("set idle_in_transaction_session_timeout = 0")
        async with connection.transaction(isolation="repeatable_read"):
            await SQL.read_back.row(connection)
            yield
    finally:
        await connection.close()


async def _complete(backlog: Backlog, jobs: list[ClaimedJob]) -> None:
    completions = [Completion(job.lease, Outcome(Status.SUCCESS, b"1")) for job in jobs]
    async with backlog.worker.transaction():
        finished = await finish_attempts(backlog.worker, backlog.session, _AUTHOR, completions)
    if len(finished.jobs) != len(jobs):
        raise RuntimeError("a job was not completed")


def _show(rounds: list[Round]) -> None:
    print("\n## W6: a claim for one slot, by the worker's clock\n")
    print(f"{len(rounds)} rounds. Medians over the rounds.\n")
    print(
        f"| queue | p99 ÷ {_EMPTY} | p99 ÷ {_FEW} | p50 ms | p99 ms | its commit, p50 ms | rows read back |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in rounds[0]:
        to_empty, to_few = (statistics.median(ratios(rounds, _P99, name, to)) for to in (_EMPTY, _FEW))
        times = [statistics.median(column.value(one[name]) or 0 for one in rounds) for column in _SHOWN]
        rows = ", ".join(f"{key} {value:,}" for key, value in rounds[0][name]["rows"].items())
        cells = (to_empty, to_few, *times)
        print(f"| {name} | {' | '.join(f'{cell:.2f}' for cell in cells)} | {rows} |")


_P99 = time_column(0.99)
_SHOWN = (
    time_column(0.5),
    _P99,
    Column("", lambda figures: percentile(figures["commit_times_ms"], 0.5)),
)

WORKLOAD = Workload("w6", 1, _measure, _show)
