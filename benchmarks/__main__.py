"""``python -m benchmarks``: measures Headrace beside what the machine itself asks for the same task."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.cpu import foreign_share
from benchmarks.floor import FLOORS, run_floor
from benchmarks.machine import describe_machine
from benchmarks.report import Round, floor_name, print_report
from benchmarks.spin import spin_ms
from benchmarks.system import SLOTS, System, running_system
from benchmarks.w4_drain import drain
from benchmarks.w5_latency import ask
from benchmarks.w8_cold_start import start_by_hand, start_cold
from benchmarks.w12_api import needs, press

NAMES = ("w4", "w5", "w8", "w12")
_SLOTS_OF = {"w4": SLOTS, "w5": 1}

Measurement = Callable[[], Awaitable[dict[str, Any]]]


def main() -> None:
    options = _options()
    try:
        machine, rounds = asyncio.run(_measure(options))
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)
    print_report(machine, rounds)
    if options.json:
        Path(options.json).write_text(json.dumps({"machine": machine, "rounds": rounds}, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join(NAMES)}; default: all that this machine can"
    )
    parser.add_argument("--jobs", type=int, default=2000, help="jobs of W4, over all rounds (default 2000)")
    parser.add_argument("--calls", type=int, default=200, help="calls of W5, over all rounds (default 200)")
    parser.add_argument(
        "--seconds", type=int, default=3, help="of each target of W12, in a round (default 3)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    parser.add_argument("--json", help="a file for the raw figures")
    options = parser.parse_args()
    missing = needs()
    if missing and "w12" in options.names:
        parser.error(missing)
    options.names = options.names or [name for name in NAMES if name != "w12" or not missing]
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if min(options.jobs, options.calls) < options.rounds or options.rounds < 1:
        parser.error("each round needs at least one job and one call")
    return options


async def _measure(options: argparse.Namespace) -> tuple[dict[str, Any], list[Round]]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with running_system() as system:
        machine = await describe_machine(system.connection, system.folder / "data")
        rounds = [await _round(system, options, number) for number in range(options.rounds)]
        return machine, rounds


async def _round(system: System, options: argparse.Namespace, number: int) -> Round:
    """All of them once, begun elsewhere each time, so that none always comes first."""
    spin, foreign = spin_ms(), await foreign_share()
    place = f"round {number + 1} of {options.rounds}"
    _note(f"{place}: spin {spin:.1f} ms, {foreign:.0%} of the CPU is in use by others")
    measurements = list(_measurements(system, options).items())
    start = number % len(measurements)
    measured: Round = {"before": {"spin_ms": spin, "foreign_share": foreign}}
    for name, measurement in [*measurements[start:], *measurements[:start]]:
        measured[name] = await measurement()
    return measured


def _measurements(system: System, options: argparse.Namespace) -> dict[str, Measurement]:
    jobs, calls = options.jobs // options.rounds, options.calls // options.rounds
    ours: dict[str, Measurement] = {
        "w4": lambda: drain(system, jobs),
        "w5": lambda: ask(system, calls),
        "w8": lambda: start_cold(system),
        "w12": lambda: press(system, options.seconds),
    }
    measurements = {name: ours[name] for name in options.names}
    if "w8" in options.names:
        measurements["by hand"] = start_by_hand
    for slots in sorted({_SLOTS_OF[name] for name in options.names if name in _SLOTS_OF}):
        for floor in FLOORS:
            tasks = jobs if slots == SLOTS else calls
            measurements[floor_name(floor, slots)] = lambda floor=floor, tasks=tasks, slots=slots: run_floor(
                floor, tasks, slots, system.witness
            )
    return measurements


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
