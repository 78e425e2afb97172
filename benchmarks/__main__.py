"""``python -m benchmarks``: measures Headrace beside what the machine itself asks for the same task."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from benchmarks import (
    lone_job,
    w1_chain,
    w2_long,
    w3_parallel,
    w4_dedicated,
    w4_drain,
    w5_latency,
    w6_claim,
    w8_cold_start,
    w10_memory,
    w12_api,
)  # fmt: skip
from benchmarks.cpu import foreign_share
from benchmarks.machine import describe_machine
from benchmarks.peers.peer import KINDS, running_peer
from benchmarks.report import print_machine
from benchmarks.spin import spin_ms
from benchmarks.system import running_system
from benchmarks.workload import Round, Workload

_MODULES = (
    w1_chain, w2_long, w3_parallel, w4_drain, w4_dedicated, w5_latency,
    w6_claim, w8_cold_start, w10_memory, w12_api, lone_job,
)  # fmt: skip
WORKLOADS = {module.WORKLOAD.name: module.WORKLOAD for module in _MODULES}


def main() -> None:
    options = _options()
    chosen = [WORKLOADS[name] for name in options.names]
    try:
        measured = asyncio.run(_measure(chosen, options))
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)
    if options.json:
        Path(options.json).write_text(json.dumps(measured, indent=1))
    print_machine(measured["machine"], measured["before"])
    for workload in chosen:
        workload.show(measured["rounds"][workload.name])


def _options() -> argparse.Namespace:
    names = ", ".join(WORKLOADS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{names}; default: all that can be measured here"
    )
    parser.add_argument("--rounds", type=int, help="of each workload; default: its own, 1 to 7")
    parser.add_argument("--jobs", type=int, default=2000, help="of W4, over all rounds (default 2000)")
    parser.add_argument("--calls", type=int, default=200, help="of W5, over all rounds (default 200)")
    parser.add_argument(
        "--seconds", type=int, default=3, help="of each target of W12, in a round (default 3)"
    )
    parser.add_argument(
        "--backlog", type=int, default=1_000_000, help="jobs that wait in W6 (default 1,000,000)"
    )
    parser.add_argument("--claims", type=int, default=2000, help="of each case of W6 (default 2000)")
    parser.add_argument(
        "--hold-seconds", type=int, default=30, help="how long W6 holds a snapshot open (default 30)"
    )
    parser.add_argument(
        "--peers",
        nargs="*",
        default=[],
        choices=KINDS,
        help="others in W3 to W5, from a package index",
    )
    parser.add_argument("--json", help="a file for the raw figures")
    options = parser.parse_args()
    if unknown := set(options.names) - set(WORKLOADS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {names}")
    missing = {name: reason for name in WORKLOADS if (reason := WORKLOADS[name].missing())}
    if impossible := [missing[name] for name in options.names if name in missing]:
        parser.error("; ".join(impossible))
    options.names = options.names or [name for name in WORKLOADS if name not in missing]
    if options.rounds is not None and not 1 <= options.rounds <= min(options.jobs, options.calls):
        parser.error("there has to be a round, and each needs at least one job and one call")
    return options


async def _measure(chosen: list[Workload], options: argparse.Namespace) -> dict[str, Any]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    rounds: dict[str, list[Round]] = {workload.name: [] for workload in chosen}
    before: list[dict[str, float]] = []
    async with running_system() as system, AsyncExitStack() as peers:
        machine = await describe_machine(system.connection, system.folder / "data")
        for name in options.peers:
            peer = await peers.enter_async_context(running_peer(name, system))
            system.peers.append(peer)
            machine[peer.name] = peer.store.durability
        for number in range(options.rounds or max(workload.rounds for workload in chosen)):
            due = [one for one in chosen if options.rounds or number < one.rounds]
            start = number % len(due)
            before.append({"spin_ms": spin_ms(), "foreign_share": await foreign_share()})
            for workload in [*due[start:], *due[:start]]:
                began = time.monotonic()
                rounds[workload.name].append(await workload.measure(system, options, number))
                took = time.monotonic() - began
                print(f"round {number + 1}: {workload.name}, {took:.0f} s", file=sys.stderr, flush=True)
    return {"machine": machine, "before": before, "rounds": rounds}


if __name__ == "__main__":
    main()
