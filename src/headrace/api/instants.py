"""Instants that callers give."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)


def _checked(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("needs a time zone, such as a Z at its end")
    if not EARLIEST <= instant < LATEST:
        raise ValueError(f"must lie between the years {EARLIEST.year} and {LATEST.year}")
    return instant


Instant = Annotated[datetime, AfterValidator(_checked)]
"""An instant with its time zone, far enough from the ends of the calendar to be reckoned with."""
