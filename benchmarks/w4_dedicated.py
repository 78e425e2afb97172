"""W4 with dedicated workers: the same no-op jobs, drained by two processes that stay."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmarks.floor import FLOORS, run_floor
from benchmarks.report import CPU, PROCESSES, SPEED, Column, print_evidence, print_parts, print_table
from benchmarks.system import SLOTS, System
from benchmarks.task import TASK
from benchmarks.w4_drain import ROUNDS, drain
from benchmarks.workload import OURS, Round, Workload, take_turns

if TYPE_CHECKING:
    from benchmarks.evidence import Figures

_SCRIPT = "f/benchmarks/dedicated"


async def _measure(system: System, options: argparse.Namespace, number: int) -> Round:
    jobs = options.jobs // (options.rounds or ROUNDS)
    async with system.working():
        await system.deploy(_SCRIPT, TASK, dedicated_worker=True)

    async def ours() -> Figures:
        return await drain(system, jobs, _SCRIPT, is_dedicated=True)

    floors = {floor: lambda floor=floor: run_floor(floor, jobs, SLOTS, system.witness) for floor in FLOORS}
    return await take_turns(number, {OURS: ours, **floors})


def _show(rounds: list[Round]) -> None:
    print(f"\n## W4, dedicated: drain of no-op jobs by {SLOTS} processes that stay\n")
    print_evidence(rounds)
    commits = Column("commits/job", lambda figures: figures.get("commits"))
    print_table(rounds, SPEED, [SPEED, CPU, PROCESSES, commits])
    print_parts(rounds)


WORKLOAD = Workload("w4d", ROUNDS, _measure, _show)
