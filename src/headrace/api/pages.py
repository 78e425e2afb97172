"""Pages of lists: ``page`` counts from 1, and 0 means the first page too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from headrace.errors import InvalidInput

MOST_PER_PAGE = 1000
MOST_PAGES = 10**9


@dataclass(frozen=True, slots=True)
class PageOfList:
    """Which part of a list is wanted."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many rows come before it."""
        return (self.number - 1) * self.size


def _read_page(page: int = 1, per_page: int = 30) -> PageOfList:
    if not 0 <= page <= MOST_PAGES:
        raise InvalidInput("page", f"must lie between 0 and {MOST_PAGES}")
    if per_page < 1:
        raise InvalidInput("per_page", "must be at least 1")
    return PageOfList(max(page, 1), min(per_page, MOST_PER_PAGE))


Page = Annotated[PageOfList, Depends(_read_page)]
