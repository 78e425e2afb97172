"""Commits of a lone job: what one trivial job on an idle system asks of the database, from request to log.

Jobs run one by one. What an idle installation does in the same time is counted afterwards and taken off.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time

from benchmarks.evidence import Figures, begin, evidence
from benchmarks.report import print_evidence
from benchmarks.system import SCRIPT, System
from benchmarks.w5_latency import ask
from benchmarks.workload import OURS, Round, Workload

_JOBS = 100
_WARM_UP = 5
_REPORTED_SECONDS = 11
"""A backend that has nothing to do reports its transactions within ten seconds."""

_KINDS = {
    "commits": "commits, of any kind",
    "writes": "transactions that wrote",
    "wal_bytes": "bytes of write-ahead log",
}


async def _measure(system: System, _: argparse.Namespace, __: int) -> Round:
    async with system.working():
        await asyncio.to_thread(ask, system, _WARM_UP)
        await asyncio.sleep(_REPORTED_SECONDS)
        since, first, began = await begin(system), await _counted(system), time.monotonic()
        await asyncio.to_thread(ask, system, _JOBS)
        await asyncio.sleep(_REPORTED_SECONDS)
        second, seconds = await _counted(system), time.monotonic() - began
        seen = await evidence(system, SCRIPT, since)
        await asyncio.sleep(seconds)
        third = await _counted(system)
    idle = {kind: third[kind] - second[kind] for kind in _KINDS}
    spent = {kind: (second[kind] - first[kind] - idle[kind]) / _JOBS for kind in _KINDS}
    figures: Figures = seen | {"tasks": _JOBS, "seconds": seconds, "idle": idle, "spent": spent}
    return {OURS: figures}


async def _counted(system: System) -> dict[str, int]:
    """So far; our own looks are commits too, and few."""
    row = await system.connection.fetchrow(
        "select xact_commit as commits, pg_snapshot_xmax(pg_current_snapshot())::text::bigint as writes,"
        " pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint as wal_bytes"
        " from pg_stat_database where datname = current_database()"
    )
    assert row is not None
    return dict(row)


def _show(rounds: list[Round]) -> None:
    print("\n## Commits of a lone job\n")
    print_evidence(rounds)
    ours = [one[OURS] for one in rounds]
    print("| what | a job | an idle second, taken off |")
    print("| --- | --- | --- |")
    for kind, title in _KINDS.items():
        spent = statistics.median(one["spent"][kind] for one in ours)
        idle = statistics.median(one["idle"][kind] / one["seconds"] for one in ours)
        print(f"| {title} | {spent:,.2f} | {idle:,.2f} |")


WORKLOAD = Workload("lone", 1, _measure, _show)
