"""How many jobs are claimed ahead, and which of them comes next."""

from __future__ import annotations

from typing import Any, cast

import pytest

from headrace.sandbox.cage import Stop
from headrace.worker import line as line_module
from headrace.worker.line import AHEAD_SECONDS, MOST_AHEAD, OVERDUE_SECONDS, Line
from headrace.worker.run_job import RunningJob


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(line_module, "monotonic", clock)
    return clock


def waiting(line: Line, *kins: str | None) -> list[RunningJob]:
    jobs = [RunningJob(cast("Any", None), kin, stop=Stop()) for kin in kins]
    for job in jobs:
        line.add(job)
    return jobs


def test_nothing_is_claimed_ahead_where_other_jobs_are_served_too():
    line = Line(2, is_open=False)
    line.note(0.001)
    assert line.room == 0


def test_the_shorter_jobs_are_the_more_are_claimed_and_never_too_many():
    line = Line(2, is_open=True)
    assert line.room == 2
    for _ in range(100):
        line.note(0.01)
    assert line.room == 2 * round(AHEAD_SECONDS / 0.01) - 1
    waiting(line, "a", "b")
    assert line.room == 2 * round(AHEAD_SECONDS / 0.01) - 3
    for _ in range(100):
        line.note(0.0)
    assert line.room == MOST_AHEAD - 2
    line.note(60)
    assert line.room == 0


def test_jobs_of_the_same_kin_go_first_but_not_for_long(clock: Clock):
    line = Line(1, is_open=True)
    first, second, third = waiting(line, "a", "b", "b")
    assert line.next("b") is second
    clock.now += OVERDUE_SECONDS / 2
    assert line.next("b") is first
    assert line.next(None) is third
    assert line.next(None) is None


def test_what_has_waited_too_long_is_taken_out_and_less_is_claimed(clock: Clock):
    line = Line(2, is_open=True)
    early = waiting(line, "a", "a")
    clock.now += OVERDUE_SECONDS
    assert line.take_overdue() == []
    [late] = waiting(line, "a")
    clock.now += 0.01
    assert line.take_overdue() == early
    assert line.room == 0
    assert line.take_all() == [late]
    assert line.next("a") is None
