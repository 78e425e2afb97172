"""Jobs that were claimed ahead of free slots: how many, and which of them is next.

A worker of dedicated scripts alone takes more jobs than it has free slots: its jobs may be shorter than the
round trip that brings them, so one has to bring many. It takes as many as it will probably have begun within
a moment, by how long jobs had their slots lately. What waits longer all the same is given back.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from headrace.clock import monotonic

if TYPE_CHECKING:
    from headrace.worker.run_job import RunningJob

AHEAD_SECONDS = 0.1
MOST_AHEAD = 200
OVERDUE_SECONDS = 0.5
_WEIGHT = 0.1
"""Of the last job in the mean."""
_PATIENCE_SECONDS = 0.05
"""So long others may go first for whom a process is there."""


class Line:
    """One per worker."""

    def __init__(self, slots: int, *, is_open: bool) -> None:
        """``is_open`` says whether jobs may be claimed ahead at all."""
        self._slots = slots
        self._is_open = is_open
        self._mean_seconds = AHEAD_SECONDS
        self._waiting: deque[tuple[float, RunningJob]] = deque()

    @property
    def room(self) -> int:
        """How many more may be claimed ahead now."""
        if not self._is_open:
            return 0
        most = min(MOST_AHEAD, int(self._slots * AHEAD_SECONDS / max(self._mean_seconds, 0.0001)))
        return max(0, most - len(self._waiting))

    def note(self, seconds: float) -> None:
        """A job had a slot for so long."""
        self._mean_seconds += (seconds - self._mean_seconds) * _WEIGHT

    def add(self, running: RunningJob) -> None:
        """One more has to wait."""
        self._waiting.append((monotonic(), running))

    def next(self, kin: object) -> RunningJob | None:
        """The next for a slot that has just run something of this kin; None where nobody waits."""
        if not self._waiting:
            return None
        since, first = self._waiting[0]
        if kin is not None and first.kin != kin and monotonic() - since < _PATIENCE_SECONDS:
            for place, (_, running) in enumerate(self._waiting):
                if running.kin == kin:
                    del self._waiting[place]
                    return running
        return self._waiting.popleft()[1]

    def take_overdue(self) -> list[RunningJob]:
        """Those that have waited for too long; where there are some, less is claimed ahead from now on."""
        overdue: list[RunningJob] = []
        while self._waiting and monotonic() - self._waiting[0][0] > OVERDUE_SECONDS:
            overdue.append(self._waiting.popleft()[1])
        if overdue:
            self._mean_seconds = max(self._mean_seconds, OVERDUE_SECONDS)
        return overdue

    def take_all(self) -> list[RunningJob]:
        """All that wait."""
        waiting = [running for _, running in self._waiting]
        self._waiting.clear()
        return waiting
