"""W4: no-op jobs enqueued while no worker runs, then drained by two slots."""

from __future__ import annotations

import argparse
import asyncio
import time

from benchmarks.caller import enqueue_all
from benchmarks.evidence import Figures, begin, ended, evidence, until_ended
from benchmarks.floor import FLOORS, run_floor
from benchmarks.report import CPU, PROCESSES, SPEED, Column, print_evidence, print_parts, print_table
from benchmarks.system import SCRIPT, SLOTS, System, per_job
from benchmarks.workload import OURS, Round, Workload, take_turns

ROUNDS = 5
_REPORTED_SECONDS = 11
"""A backend that has nothing to do reports its transactions within ten seconds."""


async def drain(system: System, jobs: int, script: str = SCRIPT, *, is_dedicated: bool = False) -> Figures:
    """One round: jobs per second from the first start to the last end, by the database's clock.

    CPU is counted from the moment the worker is ready, for the jobs that had not ended by then; commits
    from before the first job was enqueued, whoever makes them, but for our own looks.
    """
    since, commits = await begin(system), await system.commits()
    arguments = [{"witness": str(system.witness), "number": number} for number in range(jobs)]
    await enqueue_all(system, script, arguments)
    enqueued = time.monotonic()
    async with system.working(dedicated=script if is_dedicated else None):
        done, cpu = await ended(system, script, since), system.cpu_ms()
        looks = 1 + await until_ended(system, script, since, jobs)
        cpu = per_job(system.cpu_ms(), cpu, jobs - done)
    await asyncio.sleep(max(0.0, _REPORTED_SECONDS - (time.monotonic() - enqueued)))
    commits = await system.commits() - commits - looks
    seconds = await system.connection.fetchval(
        "select extract(epoch from max(completed_at) - min(started_at))::float8"
        " from job_history where path = $1 and created_at >= $2",
        script,
        since,
    )
    return await evidence(system, script, since) | {
        "tasks": jobs,
        "per_second": jobs / seconds,
        "cpu_ms": sum(cpu.values()),
        "cpu_ms_of": cpu,
        "commits": commits / jobs,
    }


async def _measure(system: System, options: argparse.Namespace, number: int) -> Round:
    jobs = options.jobs // (options.rounds or ROUNDS)
    floors = {floor: lambda floor=floor: run_floor(floor, jobs, SLOTS, system.witness) for floor in FLOORS}
    peers = {peer.name: lambda peer=peer: peer.drain(jobs) for peer in system.peers}
    return await take_turns(number, {OURS: lambda: drain(system, jobs), **peers, **floors})


def _show(rounds: list[Round]) -> None:
    print(f"\n## W4: drain of no-op jobs by {SLOTS} slots\n")
    print_evidence(rounds)
    commits = Column("commits/job", lambda figures: figures.get("commits"))
    print_table(rounds, SPEED, [SPEED, CPU, PROCESSES, commits])
    print_parts(rounds)


WORKLOAD = Workload("w4", ROUNDS, _measure, _show)
