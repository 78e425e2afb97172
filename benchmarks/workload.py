"""What a workload is: measured once in each round, everything that is compared in turn, then shown."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from benchmarks.evidence import Figures
from benchmarks.system import System

Round = dict[str, Figures]
"""What one round measured, by what was measured: ``Headrace``, a floor, a state."""

Contender = Callable[[], Awaitable[Figures]]

OURS = "Headrace"


def always_possible() -> str | None:
    """For a workload that needs nothing special."""
    return None


@dataclass(frozen=True, slots=True)
class Workload:
    """``rounds`` is how many there are by default; ``missing`` says why it can't be measured here, if so."""

    name: str
    rounds: int
    measure: Callable[[System, argparse.Namespace, int], Awaitable[Round]]
    show: Callable[[list[Round]], None]
    missing: Callable[[], str | None] = always_possible


async def take_turns(number: int, contenders: dict[str, Contender]) -> Round:
    """Measure each once, begun elsewhere in each round, so that none always comes first."""
    names = list(contenders)
    start = number % len(names)
    measured = {name: await contenders[name]() for name in [*names[start:], *names[:start]]}
    return {name: measured[name] for name in names}
