"""Routes that count jobs.

Counts are exact up to 10,000. Where there are more the answer is 10,000, and says so: by ``is_exact``
where it is an object, and by the header ``X-Count-Is-Exact`` in any case.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from headrace.api.context import InstanceCaller, WorkspaceCaller
from headrace.api.instants import EARLIEST, LATEST
from headrace.api.routes.jobs.lists import places
from headrace.api.schemas.answers import json_response
from headrace.api.schemas.job_counts import CountOfTag, FinishedCount, QueueCount, QueuePosition
from headrace.db.transaction import acting_as
from headrace.errors import InvalidInput
from headrace.permissions.check import require_superadmin
from headrace.store import run_counts

router = APIRouter(prefix="/w/{workspace}/jobs", tags=["job"])
of_all = APIRouter(prefix="/jobs", tags=["job"])

_MOST_SECONDS = 10 * 366 * 86400
_Seconds = Annotated[int, Query(ge=1, le=_MOST_SECONDS)]


@router.get("/queue/count", response_model=QueueCount)
async def get_queue_count(caller: WorkspaceCaller, all_workspaces: bool = False) -> Response:
    """How many jobs wait for a worker, and how many are suspended."""
    async with caller.transaction() as connection:
        where = await places(connection, caller, all_workspaces=all_workspaces)
        waiting, suspended = await run_counts.count_queue(connection, where)
    return _shown(
        {"database_length": waiting.number, "suspended": suspended.number},
        is_exact=waiting.is_exact and suspended.is_exact,
    )


@router.get("/queue/position/{scheduled_for}", response_model=QueuePosition)
async def get_queue_position(scheduled_for: int, caller: WorkspaceCaller) -> Response:
    """How many jobs wait that are due before an instant, in milliseconds since 1970."""
    earliest, latest = (round(instant.timestamp() * 1000) for instant in (EARLIEST, LATEST))
    if not earliest <= scheduled_for < latest:
        raise InvalidInput("scheduled_for", f"must lie between {earliest} and {latest}")
    before = datetime.fromtimestamp(scheduled_for / 1000, UTC)
    async with caller.transaction() as connection:
        count = await run_counts.count_before(connection, caller.workspace, before)
    return _shown({"position": count.number}, is_exact=count.is_exact)


@router.get("/completed/count", response_model=FinishedCount)
async def get_completed_count(caller: WorkspaceCaller) -> Response:
    """How many jobs have ended."""
    async with caller.transaction() as connection:
        count = await run_counts.count_finished(connection, [caller.workspace])
    return _shown({"database_length": count.number}, is_exact=count.is_exact)


@router.get("/completed/count_jobs", response_model=int)
async def count_completed_jobs(
    caller: WorkspaceCaller,
    completed_after_s_ago: _Seconds | None = None,
    success: bool | None = None,
    tags: Annotated[str, Query(max_length=10_000)] = "",
    all_workspaces: bool = False,
) -> Response:
    """How many jobs have ended: lately, well or not, of some tags."""
    wanted = [tag.strip() for tag in tags.split(",") if tag.strip()]
    async with caller.transaction() as connection:
        count = await run_counts.count_finished(
            connection,
            await places(connection, caller, all_workspaces=all_workspaces),
            seconds=completed_after_s_ago,
            success=success,
            tags=wanted or None,
        )
    return _with_exactness(json_response(count.number), is_exact=count.is_exact)


@of_all.get("/completed/count_by_tag", response_model=list[CountOfTag])
async def count_jobs_by_tag(
    caller: InstanceCaller, horizon_secs: _Seconds = 3600, workspace_id: str | None = None
) -> Response:
    """How many jobs of each tag have ended in the last seconds; for superadmins. These counts are exact."""
    require_superadmin(caller.principal)
    async with acting_as(caller.context.pool, caller.principal) as connection:
        counts = await run_counts.count_by_tag(connection, horizon_secs, workspace_id or None)
    return json_response([{"tag": tag, "count": count} for tag, count in counts.items()])


def _shown(fields: dict[str, int], *, is_exact: bool) -> Response:
    return _with_exactness(
        json_response(fields | ({} if is_exact else {"is_exact": False})), is_exact=is_exact
    )


def _with_exactness(answer: Response, *, is_exact: bool) -> Response:
    answer.headers["X-Count-Is-Exact"] = "true" if is_exact else "false"
    return answer
