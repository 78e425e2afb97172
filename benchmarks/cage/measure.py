"""What a recipe costs: latency and CPU of one slot, jobs per second of two, memory of an idle server."""

from __future__ import annotations

import statistics
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.cage.ground import Site
from benchmarks.cage.recipes import RECIPES
from benchmarks.cage.server import Account, Slot
from benchmarks.spin import spin_ms

_WARM_UP = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """One recipe in one round."""

    account: str
    recipe: str
    p50_ms: float
    p95_ms: float
    jobs_per_second: float
    """On two slots at once."""
    cpu_ms: float
    """Per job: server, job and all between; not the measuring process."""
    private_kb: int
    """Of an idle server, its slot's own processes not counted."""
    spin_ms: float
    steps_us: dict[str, float]
    """Median of each step that the job takes before its code."""


def measure(site: Site, account: Account, recipe: str, *, jobs: int, ballast: int) -> Sample:
    """Raises RuntimeError where a server can't be set up."""
    slots = [Slot(account, RECIPES[recipe](site.ground(account)), ballast) for _ in range(2)]
    try:
        for slot in slots:
            if slot.failure:
                raise RuntimeError(slot.failure)
        spin = spin_ms()
        ended = _one_slot(slots[0], jobs)
        times = sorted(one.milliseconds for one, _ in ended)
        cpu = statistics.fmean(cpu for _, cpu in ended)
        return Sample(
            account,
            recipe,
            statistics.median(times),
            times[int(len(times) * 0.95)],
            _two_slots(slots, jobs),
            cpu * 1000,
            slots[0].private_kilobytes(),
            spin,
            _steps([one.steps for one, _ in ended]),
        )
    finally:
        for slot in slots:
            slot.close()


def _one_slot(slot: Slot, jobs: int) -> list[tuple[Any, float]]:
    for number in range(_WARM_UP):
        _run(slot, number)
    before = slot.cpu_seconds()
    ended = [_run(slot, number) for number in range(jobs)]
    each = (slot.cpu_seconds() - before) / jobs
    return [(one, each) for one in ended]


def _run(slot: Slot, number: int) -> Any:
    ended = slot.run({"number": number})
    if ended.status or (ended.steps and ended.result != number + 1):
        raise RuntimeError(f"status {ended.status}, result {ended.result}: {ended.log}")
    return ended


def _two_slots(slots: list[Slot], jobs: int) -> float:
    """Jobs per second, from the first start to the last end."""
    failures: list[Exception] = []

    def keep_busy(slot: Slot) -> None:
        try:
            for number in range(jobs):
                _run(slot, number)
        except RuntimeError as failure:
            failures.append(failure)

    threads = [threading.Thread(target=keep_busy, args=(slot,)) for slot in slots]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if failures:
        raise failures[0]
    return len(slots) * jobs / took


def _steps(jobs: list[dict[str, int]]) -> dict[str, float]:
    return {name: statistics.median(job[name] for job in jobs) / 1000 for name in jobs[0]}


def as_row(sample: Sample) -> dict[str, Any]:
    return asdict(sample)
