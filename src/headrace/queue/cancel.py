"""What it takes to end live jobs, or to change how they wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.model.ids import JobId, WorkspaceId
from headrace.model.job import Held, State
from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from headrace.db.connection import Connection


@dataclass(frozen=True, slots=True)
class LiveJob:
    """A live job, its queue row locked, and what decides who may end it."""

    id: JobId
    state: State
    held: Held | None
    tag: str
    path: str | None
    permissioned_as: str
    created_by: str
    visible_to_runner_only: bool


async def lock_live(connection: Connection, jobs: list[JobId]) -> list[LiveJob]:
    """Lock live jobs until the caller's transaction ends: those of them that the caller may end."""
    return [
        LiveJob(
            id=row["id"],
            state=State(row["state"]),
            held=Held(row["held"]) if row["held"] else None,
            tag=row["tag"],
            path=row["path"],
            permissioned_as=row["permissioned_as"],
            created_by=row["created_by"],
            visible_to_runner_only=row["visible_to_runner_only"],
        )
        for row in await SQL.lock_live_jobs.rows(connection, ids=jobs)
    ]


async def find_live_retry(connection: Connection, job: JobId) -> JobId | None:
    """The job that runs an ended one again, or is going to."""
    return await SQL.find_live_retry.value(connection, id=job)


async def find_workspaces(connection: Connection, jobs: list[JobId]) -> dict[JobId, WorkspaceId]:
    """In which workspaces jobs are, as far as there are any; empty unless a superadmin asks."""
    rows = await SQL.find_workspaces.rows(connection, ids=jobs)
    return {row["id"]: WorkspaceId(row["workspace_id"]) for row in rows}


async def request(connection: Connection, job: JobId, by: str, reason: str | None) -> None:
    """Note on a running job that it is to be stopped; its worker does it."""
    await SQL.request_cancel.run(connection, id=job, canceled_by=by, reason=reason)
