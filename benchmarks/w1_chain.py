"""W1: 40 trivial jobs one after another, each of them given the result of the one before."""

from __future__ import annotations

import argparse
import asyncio
import time
from contextlib import closing

from benchmarks.caller import Caller
from benchmarks.evidence import Figures, begin, evidence
from benchmarks.floor import run_floor
from benchmarks.report import CPU, SECONDS, print_evidence, print_parts, print_table
from benchmarks.system import SCRIPT, System, per_job
from benchmarks.task import fibo
from benchmarks.workload import OURS, Round, Workload, take_turns

STEPS = 40
N = 10
_FLOORS = ("fork", "interpreter", "loop")
_WARM_UP = 3


async def chain(system: System, steps: int, n: int) -> Figures:
    """The client asks for each job when it has the result of the one before: ``seconds`` for all of them."""
    async with system.working():
        await asyncio.to_thread(_chain, system, _WARM_UP, 0)
        since, before = await begin(system), system.cpu_ms()
        began = time.perf_counter()
        number = await asyncio.to_thread(_chain, system, steps, n)
        seconds = time.perf_counter() - began
        cpu = per_job(system.cpu_ms(), before, steps)
        seen = await evidence(system, SCRIPT, since)
    if number != steps * fibo(n):  # computed when the clock has stopped: it takes as long as a job
        raise RuntimeError(f"{steps} jobs have made {number}")
    return seen | {"tasks": steps, "seconds": seconds, "cpu_ms": sum(cpu.values()), "cpu_ms_of": cpu}


def _chain(system: System, steps: int, n: int) -> int:
    number = 0
    with closing(Caller(system)) as caller:
        for _ in range(steps):
            number = caller.result(SCRIPT, {"witness": str(system.witness), "number": number, "n": n})
    return number


async def _measure(system: System, _: argparse.Namespace, number: int) -> Round:
    floors = {floor: lambda floor=floor: run_floor(floor, STEPS, 1, system.witness, n=N) for floor in _FLOORS}
    return await take_turns(number, {OURS: lambda: chain(system, STEPS, N), **floors})


def _show(rounds: list[Round]) -> None:
    print(f"\n## W1: {STEPS} jobs fibo({N}) in a chain, by the client's clock\n")
    print_evidence(rounds)
    print_table(rounds, SECONDS, [SECONDS, CPU])
    print_parts(rounds)


WORKLOAD = Workload("w1", 5, _measure, _show)
