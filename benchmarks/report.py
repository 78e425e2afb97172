"""Figures as a table to read: ratios to the floor of the same round first, then absolutes."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.floor import FLOORS
from benchmarks.w8_cold_start import PACKAGE, STATES
from benchmarks.w12_api import CONNECTIONS, TARGETS

Round = dict[str, dict[str, Any]]
"""What one round measured, by name: ``w4``, ``w5``, and each floor as ``floor_name`` says."""


def floor_name(floor: str, slots: int) -> str:
    """What a floor is called in a round."""
    return f"{floor}, {slots} at once"


def percentile(times: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of all do not exceed."""
    ordered = sorted(times)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def print_report(machine: dict[str, Any], rounds: list[Round]) -> None:
    print("\n## Machine\n")
    for name, value in machine.items():
        print(f"- {name}: {value}")
    before = [one["before"] for one in rounds]
    spins = ", ".join(f"{one['spin_ms']:.1f}" for one in before)
    print(f"- a fixed loop before each round, ms: {spins}")
    shares = ", ".join(f"{one['foreign_share']:.0%}" for one in before)
    print(f"- CPU that others used before each round: {shares}")
    if "w4" in rounds[0]:
        _print_drain(rounds)
    if "w5" in rounds[0]:
        _print_latency(rounds)
    if "w8" in rounds[0]:
        _print_cold_starts(rounds)
    if "w12" in rounds[0]:
        _print_requests(rounds)


def _print_drain(rounds: list[Round]) -> None:
    print("\n## W4: drain of no-op jobs by 2 slots\n")
    jobs = sum(one["w4"]["jobs"] for one in rounds)
    print(f"{jobs} jobs in {len(rounds)} rounds;", _witnessed(rounds, "w4"), "Medians over the rounds.\n")
    print("| what | Headrace ÷ it | jobs/s | CPU ms/job | commits/job |")
    print("| --- | --- | --- | --- | --- |")
    ours = [one["w4"] for one in rounds]
    commits = f"{_median(ours, lambda one: one['commits']):.2f}"
    print(f"| Headrace | 1 | {_speed(ours)} | {_cpu(ours)} | {commits} |")
    for name in _floors(rounds, 2):
        floor = [one[name] for one in rounds]
        ratio = _ratio(ours, floor, lambda one: one["per_second"])
        print(f"| {name} | {ratio:.3g} | {_speed(floor)} | {_cpu(floor)} | |")
    _print_parts(ours)


def _print_latency(rounds: list[Round]) -> None:
    print("\n## W5: one trivial job on an idle system, client's clock\n")
    calls = sum(one["w5"]["calls"] for one in rounds)
    print(f"{calls} calls in {len(rounds)} rounds;", _witnessed(rounds, "w5"), "Medians over the rounds.\n")
    print("| what | Headrace ÷ it | p50 ms | p95 ms | CPU ms/job |")
    print("| --- | --- | --- | --- | --- |")
    ours = [one["w5"] for one in rounds]
    print(f"| Headrace | 1 | {_time(ours, 0.5)} | {_time(ours, 0.95)} | {_cpu(ours)} |")
    for name in _floors(rounds, 1):
        floor = [one[name] for one in rounds]
        ratio = _ratio(ours, floor, lambda one: percentile(one["times_ms"], 0.5))
        print(f"| {name} | {ratio:.3g} | {_time(floor, 0.5)} | {_time(floor, 0.95)} | {_cpu(floor)} |")
    _print_parts(ours)


def _print_cold_starts(rounds: list[Round]) -> None:
    print(f"\n## W8: cold starts with {PACKAGE}, client's clock\n")
    print(f"{len(rounds)} rounds. Medians over the rounds.\n")
    print("| state | Headrace ÷ by hand | Headrace s | of it import | by hand s | of it import |")
    print("| --- | --- | --- | --- | --- | --- |")
    ours, floor = [one["w8"] for one in rounds], [one["by hand"] for one in rounds]
    for state in STATES:
        ratio = _ratio(ours, floor, lambda one, state=state: one[state]["seconds"])
        parts = (
            f"{_median(samples, lambda one, name=name, state=state: one[state][name]):.2f}"
            for samples in (ours, floor)
            for name in ("seconds", "import_seconds")
        )
        print(f"| {state} | {ratio:.2f} | {' | '.join(parts)} |")


def _print_requests(rounds: list[Round]) -> None:
    print(f"\n## W12: requests over {CONNECTIONS} connections, wrk's clock\n")
    print(f"{len(rounds)} rounds. Medians over the rounds.\n")
    print("| what | ÷ bare application | per s | p50 ms | p99 ms | CPU ms, server | CPU ms, PostgreSQL |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    floor = [one["w12"]["bare application"] for one in rounds]
    for target in TARGETS:
        ours = [one["w12"][target] for one in rounds]
        ratio = _ratio(ours, floor, lambda one: one["per_second"])
        times = (f"{_median(ours, lambda one, key=key: one[key]):.2f}" for key in ("p50_ms", "p99_ms"))
        cpu = (
            f"{_median(ours, lambda one, part=part: one['cpu_ms_of'][part]):.2f}"
            for part in ("server", "PostgreSQL")
        )
        print(f"| {target} | {ratio:.3f} | {_speed(ours)} | {' | '.join((*times, *cpu))} |")


def _print_parts(ours: list[Any]) -> None:
    """Where our CPU time goes."""
    parts = (f"{part} {_median(ours, lambda one, part=part: one['cpu_ms_of'][part]):.1f}" for part in _PARTS)
    print(f"\nCPU ms/job of Headrace, by part: {', '.join(parts)}.")


_PARTS = ("jobs", "worker", "server", "PostgreSQL")


def _witnessed(rounds: list[Round], name: str) -> str:
    rows = sum(one[name]["completed_rows"] for one in rounds)
    pids = sum(one[name]["distinct_pids"] for one in rounds)
    return f"{rows} completed rows, {pids} process ids (each round counts its own)."


def _floors(rounds: list[Round], slots: int) -> list[str]:
    names = (floor_name(floor, slots) for floor in FLOORS)
    return [name for name in names if name in rounds[0]]


def _ratio(ours: list[Any], floor: list[Any], value: Callable[[Any], float]) -> float:
    return statistics.median(value(one) / value(two) for one, two in zip(ours, floor, strict=True))


def _median(samples: list[Any], value: Callable[[Any], float]) -> float:
    return statistics.median(map(value, samples))


def _speed(samples: list[Any]) -> str:
    return f"{_median(samples, lambda one: one['per_second']):,.0f}"


def _cpu(samples: list[Any]) -> str:
    return f"{_median(samples, lambda one: one['cpu_ms']):.2f}"


def _time(samples: list[Any], share: float) -> str:
    return f"{_median(samples, lambda one: percentile(one['times_ms'], share)):.2f}"
