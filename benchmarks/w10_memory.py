"""W10: memory of a worker with 8 slots and of all that it has started, after a job ran in each slot at once.

Proportional set size: memory that processes share is counted once in all. The processes are found by their
parents, and what else names the installation's folder would have got away and is an error.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
from pathlib import Path

from benchmarks.caller import enqueue_all
from benchmarks.cpu import descendants
from benchmarks.evidence import Figures, begin, evidence, until_ended
from benchmarks.report import print_evidence
from benchmarks.system import System
from benchmarks.task import MEETING
from benchmarks.workload import OURS, Round, Workload

SLOTS = 8
_SCRIPT = "f/benchmarks/meeting"
_SETTLED_SECONDS = 2


async def _measure(system: System, _: argparse.Namespace, __: int) -> Round:
    async with system.working():
        await system.deploy(_SCRIPT, MEETING)
    async with system.working(SLOTS) as worker:
        idle = _tree(worker.pid)
        since = await begin(system)
        arguments = [
            {"witness": str(system.witness), "number": number, "others": SLOTS} for number in range(SLOTS)
        ]
        await enqueue_all(system, _SCRIPT, arguments)
        await until_ended(system, _SCRIPT, since, SLOTS)
        await asyncio.sleep(_SETTLED_SECONDS)
        after = _tree(worker.pid)
        beside = {"PostgreSQL": _tree(system.postgres.pid), "server": _tree(system.server.pid)}
        _refuse_strays(system)
        seen = await evidence(system, _SCRIPT, since)
        together = await system.connection.fetchval(
            "select max(started_at) < min(completed_at) from job_history"
            " where path = $1 and created_at >= $2",
            _SCRIPT,
            since,
        )
    if not together:
        raise RuntimeError("the jobs did not run at once")
    ours = seen | {"tasks": SLOTS}
    return {OURS: ours, "worker, before a job": idle, "worker, after a job in each slot": after, **beside}


def _tree(root: int) -> Figures:
    """``pss_mb`` of a process and all below it, and how many ``processes`` those are."""
    sizes = [_pss_kb(pid) for pid in (root, *descendants(root))]
    return {"pss_mb": sum(sizes) / 1024, "processes": sum(size > 0 for size in sizes)}


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it has just ended
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _refuse_strays(system: System) -> None:
    """Raise where a process of the installation is none of its trees."""
    assert system.worker is not None
    known = {os.getpid()}
    stores = (peer.store.pid for peer in system.peers)
    for root in (system.worker.pid, system.server.pid, system.postgres.pid, *stores):
        known |= {root, *descendants(root)}
    folder = os.fsencode(system.folder)
    strays = [pid for pid in _processes() if pid not in known and folder in _said_of(pid)]
    if strays:
        raise RuntimeError(f"processes of the installation that nobody is the parent of: {strays}")


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _said_of(pid: int) -> bytes:
    """Its command line and its first environment, as far as we may read them."""
    said = b""
    for name in ("cmdline", "environ"):
        try:
            said += Path(f"/proc/{pid}/{name}").read_bytes()
        except OSError:
            continue
    return said


def _show(rounds: list[Round]) -> None:
    print(f"\n## W10: memory of a worker with {SLOTS} slots\n")
    print_evidence(rounds)
    print("| what | MB (PSS) | processes |")
    print("| --- | --- | --- |")
    for name in rounds[0]:
        if name == OURS:
            continue
        size, processes = (
            statistics.median(one[name][key] for one in rounds) for key in ("pss_mb", "processes")
        )
        print(f"| {name} | {size:.1f} | {processes:.0f} |")


WORKLOAD = Workload("w10", 1, _measure, _show)
