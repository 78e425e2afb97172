"""How fast the machine is at this moment: the same small loop, timed again and again."""

from __future__ import annotations

import time


def spin_ms() -> float:
    """Milliseconds of a fixed piece of pure Python; the best of three."""
    return min(_once() for _ in range(3))


def _once() -> float:
    began = time.perf_counter()
    total = 0
    for number in range(100_000):
        total += number
    return (time.perf_counter() - began) * 1000
