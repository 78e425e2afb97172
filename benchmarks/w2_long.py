"""W2: 10 long jobs one after another, in pairs with the same computed by a plain loop and by forks."""

from __future__ import annotations

import argparse

from benchmarks.floor import run_floor
from benchmarks.report import CPU, SECONDS, print_evidence, print_spread, print_table
from benchmarks.system import System
from benchmarks.w1_chain import chain
from benchmarks.workload import OURS, Round, Workload, take_turns

STEPS = 10
N = 33
_FLOORS = ("loop", "fork")


async def _measure(system: System, _: argparse.Namespace, number: int) -> Round:
    floors = {floor: lambda floor=floor: run_floor(floor, STEPS, 1, system.witness, n=N) for floor in _FLOORS}
    return await take_turns(number, {OURS: lambda: chain(system, STEPS, N), **floors})


def _show(rounds: list[Round]) -> None:
    print(f"\n## W2: {STEPS} jobs fibo({N}) in a chain, by the client's clock\n")
    print_evidence(rounds)
    print_table(rounds, SECONDS, [SECONDS, CPU])
    print_spread(rounds, SECONDS, _FLOORS)


WORKLOAD = Workload("w2", 7, _measure, _show)
