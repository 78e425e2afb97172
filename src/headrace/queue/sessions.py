"""Worker sessions: leases by the database's clock, and what becomes of jobs whose holder is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.model.job import Held
from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId

MOST_LOSSES = 3
"""A job that has lost this many workers is quarantined."""


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker says of itself."""

    worker: str
    group: str
    host: str
    tags: list[str]
    slots: int
    version: str
    isolation: str


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job that a session holds, by the database's account."""

    job: JobId
    attempt: int
    canceled_by: str | None = None
    canceled_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Orphan:
    """A running job whose worker is lost; its queue row is locked."""

    job: JobId
    attempt: int
    losses: int
    canceled_by: str | None
    canceled_reason: str | None
    tag: str
    restart_if_lost: bool
    worker: str


async def open_session(connection: Connection, info: WorkerInfo, lease_seconds: float) -> int:
    """Begin a session, with a lease of that length."""
    return await SQL.open_session.value(
        connection,
        worker=info.worker,
        worker_group=info.group,
        host=info.host,
        tags=info.tags,
        slots=info.slots,
        version=info.version,
        isolation=info.isolation,
        lease_seconds=lease_seconds,
    )


async def renew(connection: Connection, worker_session: int, lease_seconds: float) -> bool:
    """Renew a lease; False where the session has been declared lost."""
    renewed = await SQL.renew_session.value(
        connection, worker_session=worker_session, lease_seconds=lease_seconds
    )
    return renewed is not None


async def drain(connection: Connection, worker_session: int) -> None:
    """Claim nothing more under this session."""
    await SQL.drain_session.run(connection, worker_session=worker_session)


async def close(connection: Connection, worker_session: int) -> None:
    """End a session in good order; jobs it still holds will be rescued at once."""
    await SQL.close_session.run(connection, worker_session=worker_session)


async def read_held(connection: Connection, worker_session: int) -> list[HeldJob]:
    """All jobs that the session holds."""
    rows = await SQL.read_my_jobs.rows(connection, worker_session=worker_session)
    return [HeldJob(r["id"], r["attempt"], r["canceled_by"], r["canceled_reason"]) for r in rows]


async def end_expired(connection: Connection) -> list[str]:
    """Declare sessions lost whose lease is over; returns the workers' names."""
    return [row["worker"] for row in await SQL.end_expired_sessions.rows(connection)]


async def lock_orphans(connection: Connection) -> list[Orphan]:
    """Running jobs of ended sessions, locked until the caller's transaction ends."""
    return [
        Orphan(
            row["id"],
            row["attempt"],
            row["losses"],
            row["canceled_by"],
            row["canceled_reason"],
            row["tag"],
            row["restart_if_lost"],
            row["worker"],
        )
        for row in await SQL.lock_orphans.rows(connection)
    ]


async def requeue(connection: Connection, orphan: Orphan) -> bool:
    """Give a lost job back to the queue; False where it goes into quarantine instead."""
    quarantined = orphan.losses + 1 >= MOST_LOSSES
    held = Held.QUARANTINE.value if quarantined else None
    await SQL.requeue_lost.run(connection, id=orphan.job, held=held)
    return not quarantined


async def hand_back(
    connection: Connection, worker_session: int, jobs: list[HeldJob], *, have_begun: bool
) -> dict[JobId, str]:
    """Give up attempts that did nothing wrong; returns the tags of those that went back to the queue.

    Jobs that somebody wants to end stay, and so do those that may not be restarted if they ``have_begun``:
    their worker has to end them.
    """
    rows = await SQL.hand_back.rows(
        connection,
        worker_session=worker_session,
        ids=[job.job for job in jobs],
        attempts=[job.attempt for job in jobs],
        have_begun=have_begun,
    )
    return {row["id"]: row["tag"] for row in rows}
