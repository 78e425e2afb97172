"""What never changes again has a tag by which a reader may ask whether it has it already."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import Response

    from headrace.model.ids import JobId
    from headrace.model.run import Progress


def tag_of(job: JobId, progress: Progress) -> str | None:
    """The tag of what a job left, its result or its log; None while it may change."""
    if progress.completed_at is None:
        return None
    return f'"{job.hex}-{progress.attempt}{"-deleted" if progress.deleted else ""}"'


def is_known(tag: str | None, if_none_match: str) -> bool:
    """Whether a reader says that it has what the tag stands for."""
    known = {item.strip().removeprefix("W/") for item in if_none_match.split(",")}
    return tag is not None and (tag in known or "*" in known)


def tagged(answer: Response, tag: str | None) -> Response:
    """The answer with its tag; a reader may keep it, and asks each time whether it still holds."""
    if tag is not None:
        answer.headers["ETag"] = tag
        answer.headers["Cache-Control"] = "private, no-cache"
    return answer
