"""W5: one trivial job after another on an idle system, asked for and answered over one connection."""

from __future__ import annotations

import argparse
import asyncio
import time
from contextlib import closing

from benchmarks.caller import Caller
from benchmarks.evidence import Figures, begin, evidence
from benchmarks.floor import FLOORS, run_floor
from benchmarks.report import CPU, PROCESSES, print_evidence, print_parts, print_table, time_column
from benchmarks.system import SCRIPT, System, per_job
from benchmarks.workload import OURS, Round, Workload, take_turns

ROUNDS = 5
_WARM_UP = 5


async def _ask(system: System, calls: int) -> Figures:
    """One round: milliseconds of each call by the client's clock, CPU of the whole system per job."""
    async with system.working():
        await asyncio.to_thread(ask, system, _WARM_UP)
        since, cpu = await begin(system), system.cpu_ms()
        times = await asyncio.to_thread(ask, system, calls)
        cpu = per_job(system.cpu_ms(), cpu, calls)
        seen = await evidence(system, SCRIPT, since)
    return seen | {"tasks": calls, "times_ms": times, "cpu_ms": sum(cpu.values()), "cpu_ms_of": cpu}


def ask(system: System, calls: int) -> list[float]:
    """Milliseconds of each of so many jobs, one after another."""
    times: list[float] = []
    with closing(Caller(system)) as caller:
        for number in range(calls):
            began = time.perf_counter()
            answer = caller.result(SCRIPT, {"witness": str(system.witness), "number": number})
            times.append((time.perf_counter() - began) * 1000)
            if answer != number:
                raise RuntimeError(f"call {number}: {answer}")
    return times


async def _measure(system: System, options: argparse.Namespace, number: int) -> Round:
    calls = options.calls // (options.rounds or ROUNDS)
    floors = {floor: lambda floor=floor: run_floor(floor, calls, 1, system.witness) for floor in FLOORS}
    peers = {peer.name: lambda peer=peer: peer.ask(calls) for peer in system.peers}
    return await take_turns(number, {OURS: lambda: _ask(system, calls), **peers, **floors})


def _show(rounds: list[Round]) -> None:
    print("\n## W5: one trivial job on an idle system, client's clock\n")
    print_evidence(rounds)
    print_table(rounds, time_column(0.5), [time_column(0.5), time_column(0.95), CPU, PROCESSES])
    print_parts(rounds)


WORKLOAD = Workload("w5", ROUNDS, _measure, _show)
