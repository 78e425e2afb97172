"""Figures as tables to read: ratios to what was measured in the same round first, then absolutes."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.evidence import Figures
from benchmarks.workload import OURS, Round

_PARTS = ("jobs", "worker", "server", "PostgreSQL")


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of a table; empty for what does not have it."""

    title: str
    value: Callable[[Figures], float | None]
    form: str = ".2f"


SECONDS = Column("seconds", lambda figures: figures.get("seconds"), ".3f")
SPEED = Column("jobs/s", lambda figures: figures.get("per_second"), ",.0f")
CPU = Column("CPU ms/job", lambda figures: figures.get("cpu_ms"))
PROCESSES = Column("processes", lambda figures: figures.get("processes"), ".0f")


def percentile(times: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of all do not exceed."""
    ordered = sorted(times)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def time_column(share: float) -> Column:
    """A percentile of ``times_ms``."""
    return Column(f"p{share * 100:.0f} ms", lambda figures: percentile(figures["times_ms"], share))


def print_machine(machine: dict[str, Any], before: list[dict[str, float]]) -> None:
    """What it was measured on, and how quiet that was."""
    print("\n## Machine\n")
    for name, value in machine.items():
        print(f"- {name}: {value}")
    spins = ", ".join(f"{one['spin_ms']:.1f}" for one in before)
    print(f"- a fixed loop before each round, ms: {spins}")
    shares = ", ".join(f"{one['foreign_share']:.0%}" for one in before)
    print(f"- CPU that others used before each round: {shares}")


def print_evidence(rounds: list[Round]) -> None:
    """That there was a row and a process for each job, and how it was kept apart."""
    ours = [one[OURS] for one in rounds]
    tasks, rows, processes = (
        sum(one[key] for one in ours) for key in ("tasks", "completed_rows", "processes")
    )
    levels = ", ".join(sorted({one["isolation"] for one in ours}))
    print(f"{tasks} jobs in {len(rounds)} rounds: {rows} completed rows, {processes} processes;", end=" ")
    print(f"isolation by their rows: {levels}. Medians over the rounds.\n")


def print_table(rounds: list[Round], ratio: Column, columns: Sequence[Column], to: str | None = None) -> None:
    """A line for each of what was measured, with the median over the rounds.

    Its ratio is ours to it, or its own to ``to``.
    """
    head = f"{OURS} ÷ it" if to is None else f"÷ {to}"
    print(f"| what | {head} | {' | '.join(column.title for column in columns)} |")
    print(f"| --- | --- |{' --- |' * len(columns)}")
    for name in rounds[0]:
        theirs = [one[name] for one in rounds]
        above, below = (OURS, name) if to is None else (name, to)
        values = " | ".join(_shown(column, theirs) for column in columns)
        print(f"| {name} | {statistics.median(ratios(rounds, ratio, above, below)):.3g} | {values} |")


def ratios(rounds: list[Round], column: Column, above: str, below: str) -> list[float]:
    """Of one to another, round by round."""
    return [(column.value(one[above]) or 0.0) / (column.value(one[below]) or 1.0) for one in rounds]


def print_spread(rounds: list[Round], column: Column, names: Sequence[str]) -> None:
    """The ratio of each round, so that one can see how far they lie apart."""
    for name in names:
        each = sorted(ratios(rounds, column, OURS, name))
        print(f"\n{OURS} ÷ {name}, pair by pair: {', '.join(f'{one:.3f}' for one in each)}.")


def print_parts(rounds: list[Round]) -> None:
    """Where our CPU time goes."""
    ours = [one[OURS]["cpu_ms_of"] for one in rounds]
    parts = (f"{part} {statistics.median(one[part] for one in ours):.1f}" for part in _PARTS)
    print(f"\nCPU ms/job of {OURS}, by part: {', '.join(parts)}.")


def _shown(column: Column, samples: list[Figures]) -> str:
    values = [value for value in map(column.value, samples) if value is not None]
    return format(statistics.median(values), column.form) if values else ""
