"""Requests that last: how many of a kind there may be at once, in all and by one user."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from headrace.errors import TooMany

_AGAIN_IN_SECONDS = 1.0


class Turns:
    """Who takes a turn, in this process."""

    def __init__(self, what: str, do: str, setting: str, most: int, most_of_one: int) -> None:
        """``what`` do ``do``, as a refusal says it, which names ``setting`` or the one with ``_of_one``."""
        self._what = what
        self._do = do
        self._setting = setting
        self._most = most
        self.most_of_one = most_of_one
        self._taken: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """How many are taken."""
        return self._taken.total()

    @contextmanager
    def take(self, who: str) -> Iterator[None]:
        """A turn while the block lasts; raises TooMany where too many are taken already."""
        if self.count >= self._most:
            raise TooMany(
                f"too many {self._what} {self._do} (setting {self._setting}); try again", _AGAIN_IN_SECONDS
            )
        if self._taken[who] >= self.most_of_one:
            raise TooMany(
                f"{self.most_of_one} {self._what} of yours {self._do} (setting {self._setting}_of_one);"
                " try again",
                _AGAIN_IN_SECONDS,
            )
        self._taken[who] += 1
        try:
            yield
        finally:
            self._taken[who] -= 1
            if not self._taken[who]:
                del self._taken[who]
