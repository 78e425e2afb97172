"""Pages of lists: ``page`` counts from 1, and 0 means the first one too; or a cursor says where it begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query

from headrace.api.instants import EARLIEST, LATEST
from headrace.errors import InvalidInput
from headrace.model.ids import parse_job_id
from headrace.model.run import Position

if TYPE_CHECKING:
    from fastapi import Request

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


@dataclass(frozen=True, slots=True)
class PageOfRuns(PageOfList):
    """The same of a list of jobs, in which a cursor can stand for all that comes before."""

    after: Position | None = None


def _read_page(page: int = 1, per_page: int = 30) -> PageOfList:
    if not 0 <= page <= MOST_PAGES:
        raise InvalidInput("page", f"must lie between 0 and {MOST_PAGES}")
    if per_page < 1:
        raise InvalidInput("per_page", "must be at least 1")
    return PageOfList(max(page, 1), min(per_page, MOST_PER_PAGE))


Page = Annotated[PageOfList, Depends(_read_page)]

_CURSOR = Query(
    max_length=200,
    description="Where a page begins: the `X-Next-Cursor` of the one before. Costs the same on every page.",
)


def runs_page(default: int, most: int) -> Callable[..., PageOfRuns]:
    """Reads which part of a list of jobs is wanted, ``default`` of them unless said otherwise."""

    def read(page: int = 1, per_page: int = default, cursor: Annotated[str, _CURSOR] = "") -> PageOfRuns:
        plain = _read_page(page, per_page)
        if cursor and plain.number > 1:
            raise InvalidInput("cursor", "can't go together with page")
        return PageOfRuns(plain.number, min(per_page, most), _read_cursor(cursor) if cursor else None)

    return read


RunsPage = Annotated[PageOfRuns, Depends(runs_page(30, MOST_PER_PAGE))]
IdsPage = Annotated[PageOfRuns, Depends(runs_page(1000, 10_000))]


def headers_of(request: Request, following: Position | None, stopped_at: Position | None) -> dict[str, str]:
    """What an answer with a page says of the rest of its list."""
    headers: dict[str, str] = {}
    if following is not None:
        cursor = _cursor(following)
        query = [(name, value) for name, value in request.query_params.multi_items() if name not in _PLACES]
        rest = urlencode([*query, ("cursor", cursor)])
        headers["X-Next-Cursor"] = cursor
        headers["Link"] = f'<{request.url.path}?{rest}>; rel="next"'
    if stopped_at is not None:
        headers["X-Scan-Stopped-At"] = stopped_at.created_at.isoformat().replace("+00:00", "Z")
    return headers


_PLACES = frozenset({"page", "cursor"})


def _cursor(position: Position) -> str:
    text = f"{position.created_at.isoformat()} {position.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> Position:
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode("ascii")
        instant, _, job = text.partition(" ")
        created_at = datetime.fromisoformat(instant)
        is_good = created_at.tzinfo is not None and EARLIEST <= created_at < LATEST
        position = Position(created_at, parse_job_id(job)) if is_good else None
    except (binascii.Error, ValueError, InvalidInput):
        position = None
    if position is None:
        raise InvalidInput("cursor", "is none of ours; take it from X-Next-Cursor")
    return position
