"""What became of a lock that was made again, for those who look after a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headrace.api.schemas.answers import without_none

if TYPE_CHECKING:
    from headrace.store.relocks import Relock


def show_relock(relock: Relock) -> dict[str, Any]:
    """Its state, what changed and who changed it, the job, the new version, and why not."""
    return without_none(
        state=relock.state,
        because=relock.because,
        caused_by=relock.caused_by,
        wanted_at=relock.wanted_at,
        ended_at=relock.ended_at,
        job_id=relock.job,
        hash=relock.version,
        message=relock.message,
    )
