"""What the routes that count jobs answer. ``is_exact`` is there, and false, where a count stopped."""

from __future__ import annotations

from pydantic import BaseModel, Field


class _Counted(BaseModel):
    is_exact: bool | None = Field(None, description="False where there are more than 10,000 (ours).")


class QueueCount(_Counted):
    """Jobs that have not ended."""

    database_length: int
    suspended: int


class FinishedCount(_Counted):
    """Jobs that have ended."""

    database_length: int


class QueuePosition(_Counted):
    """How many come before."""

    position: int


class CountOfTag(BaseModel):
    """How many jobs of a tag there were."""

    tag: str
    count: int
