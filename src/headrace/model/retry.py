"""When a failed job is run again: at even distances first, then at growing ones."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

MOST_RETRIES = 1000
"""Of each of the two sorts."""
LONGEST_DELAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Retry:
    """A policy: so many retries at even distances, then so many of which the k-th waits multiplier · base^k.

    ``random_percent`` shortens or lengthens those of the second sort by as much at most. Nothing waits longer
    than a day.
    """

    constant_retries: int = 0
    constant_seconds: int = 0
    exponential_retries: int = 0
    multiplier: int = 1
    base_seconds: int = 1
    random_percent: int = 0

    def delay_seconds(self, number: int, chance: float) -> float | None:
        """How long the ``number``-th retry, from 1, waits after its failure; None where there is none.

        ``chance`` lies between -1 and 1.
        """
        if number <= self.constant_retries:
            return min(self.constant_seconds, LONGEST_DELAY_SECONDS)
        power = number - self.constant_retries
        if power > self.exponential_retries:
            return None
        delay: float = self.multiplier
        for _ in range(power):
            # Not base ** power, which may be a number of a thousand digits.
            delay = min(delay * self.base_seconds, LONGEST_DELAY_SECONDS)
        return min(delay * (1 + chance * self.random_percent / 100), LONGEST_DELAY_SECONDS)

    def as_text(self) -> str | None:
        """The same as it is stored with a job; None where nothing is ever run again."""
        if self.constant_retries + self.exponential_retries == 0:
            return None
        return json.dumps(dataclasses.asdict(self))


def read_retry(text: str) -> Retry:
    """A policy from the text that it is stored as."""
    return Retry(**json.loads(text))
