"""Names of queues that callers give."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

Tag = Annotated[str, StringConstraints(pattern=r"^\S{1,100}$")]
"""A queue's name; without spaces, because notifications are lists of words."""
