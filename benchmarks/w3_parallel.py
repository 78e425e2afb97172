"""W3: 400 trivial jobs asked for at once, until the last of them has ended."""

from __future__ import annotations

import argparse
import time

from benchmarks.caller import enqueue_all
from benchmarks.evidence import Figures, begin, evidence, until_ended
from benchmarks.floor import run_floor
from benchmarks.report import CPU, PROCESSES, SECONDS, print_evidence, print_parts, print_table
from benchmarks.system import SCRIPT, SLOTS, System, per_job
from benchmarks.workload import OURS, Round, Workload, take_turns

TASKS = 400
N = 10
_FLOORS = ("fork", "interpreter")


async def _spread(system: System) -> Figures:
    """``seconds`` from the first request to the last end, which the database tells by the same clock."""
    async with system.working():
        since, before = await begin(system), system.cpu_ms()
        began = time.time()
        arguments = [{"witness": str(system.witness), "number": number, "n": N} for number in range(TASKS)]
        await enqueue_all(system, SCRIPT, arguments)
        enqueued = time.time() - began
        await until_ended(system, SCRIPT, since, TASKS)
        cpu = per_job(system.cpu_ms(), before, TASKS)
        ended = await system.connection.fetchval(
            "select extract(epoch from max(completed_at))::float8 from job_history where path = $1", SCRIPT
        )
    return await evidence(system, SCRIPT, since) | {
        "tasks": TASKS,
        "seconds": ended - began,
        "enqueued_seconds": enqueued,
        "cpu_ms": sum(cpu.values()),
        "cpu_ms_of": cpu,
    }


async def _measure(system: System, _: argparse.Namespace, number: int) -> Round:
    floors = {
        floor: lambda floor=floor: run_floor(floor, TASKS, SLOTS, system.witness, n=N) for floor in _FLOORS
    }
    peers = {peer.name: lambda peer=peer: peer.spread(TASKS, N) for peer in system.peers}
    return await take_turns(number, {OURS: lambda: _spread(system), **peers, **floors})


def _show(rounds: list[Round]) -> None:
    print(f"\n## W3: {TASKS} jobs fibo({N}) at once, {SLOTS} slots, from the first request to the last end\n")
    print_evidence(rounds)
    print_table(rounds, SECONDS, [SECONDS, CPU, PROCESSES])
    print_parts(rounds)


WORKLOAD = Workload("w3", 5, _measure, _show)
