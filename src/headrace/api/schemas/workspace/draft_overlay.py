"""What answers about one item say of its drafts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel


class OtherDraft(BaseModel):
    """Somebody else's draft of the same item."""

    username: str
    draft_saved_at: datetime


class DraftOverlay(BaseModel):
    """Whether one has a draft of the item oneself, and where it was asked for, the draft."""

    is_draft: bool
    draft_saved_at: datetime | None = None
    draft_base: str | None = None
    other_drafts_users: list[OtherDraft] | None = None
    draft: Any = None
