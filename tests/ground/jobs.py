"""Enqueues, claims and ends jobs the way server and worker do it, without either."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from headrace.db.transaction import acting_as
from headrace.lifecycle.finish import Finished, finish_attempts
from headrace.model.ids import JobId, WorkspaceId
from headrace.model.job import ClaimedJob, JobKind, Lease, NewJob
from headrace.model.outcome import Outcome, Status
from headrace.model.principal import Principal
from headrace.queue import sessions
from headrace.queue.claim import claim
from headrace.queue.enqueue import enqueue
from headrace.queue.exchange import Author, Completion
from headrace.queue.sessions import HeldJob, WorkerInfo

if TYPE_CHECKING:
    import asyncpg

    from headrace.db.connection import Pool

SUCCESS = Outcome(Status.SUCCESS, b'"fine"')


def new_job(principal: Principal, **changes: Any) -> NewJob:
    """A preview of nothing, by somebody, with changes."""
    job = NewJob(
        workspace=WorkspaceId(principal.workspace or ""),
        kind=JobKind.PREVIEW,
        created_by=principal.username,
        permissioned_as=principal.permissioned_as,
        email=principal.email,
        tag="python3",
        language="python3",
        raw_code="def main(): pass",
    )
    return dataclasses.replace(job, **changes)


async def enqueue_as(pool: Pool, principal: Principal, **changes: Any) -> JobId:
    """Enqueue a job as a request of somebody's does."""
    async with acting_as(pool, principal) as connection:
        return await enqueue(connection, new_job(principal, **changes))


async def open_session(pool: Pool, *tags: str, worker: str = "worker") -> int:
    """Begin a worker's session, for the tag ``python3`` unless others are given."""
    info = WorkerInfo(worker, "default", "host", list(tags or ("python3",)), 2, "0", "none")
    async with pool.acquire() as connection:
        return await sessions.open_session(connection, info, lease_seconds=30.0)


async def claim_as(pool: Pool, session: int, *tags: str, slots: int = 1) -> list[ClaimedJob]:
    """Claim as a worker does."""
    async with pool.acquire() as connection:
        return await claim(connection, session, list(tags or ("python3",)), slots)


async def hand_back_as(pool: Pool, session: int, *jobs: JobId, have_begun: bool = True) -> dict[JobId, str]:
    """Give up first attempts as a worker that ends does."""
    async with pool.acquire() as connection:
        held = [HeldJob(job, 1) for job in jobs]
        return await sessions.hand_back(connection, session, held, have_begun=have_begun)


async def finish_as(
    pool: Pool, session: int, *leases: Lease, outcome: Outcome = SUCCESS, **changes: Any
) -> Finished:
    """End attempts as a worker does, in one transaction."""
    completions = [Completion(lease, outcome, **changes) for lease in leases]
    async with pool.acquire() as connection, connection.transaction():
        return await finish_attempts(connection, session, Author("worker", "none"), completions)


async def seed_backlog(owner: asyncpg.Connection, count: int, *tags: str) -> None:
    """Put many due jobs into the queue at once, in equal parts for each tag, and analyze the tables."""
    await owner.execute("create temporary table seed (id uuid, tag text, number integer)")
    await owner.execute(
        "insert into seed select uuid_v7(), ($2::text[])[1 + number % $3], number"
        " from generate_series(1, $1) as number",
        count,
        list(tags or ("python3",)),
        len(tags) or 1,
    )
    await owner.execute("insert into job_id (id, workspace_id) select id, 'acme' from seed")
    await owner.execute(
        "insert into job (id, workspace_id, kind, args, root_job, created_by, scheduled_for, permissioned_as,"
        " email, tag, priority)"
        " select id, 'acme', 'preview', '{}', id, 'alice', now(), 'u/alice', 'alice@acme.test', tag, 0"
        " from seed"
    )
    await owner.execute(
        "insert into job_queue (id, workspace_id, tag, priority, scheduled_for)"
        " select id, 'acme', tag, 0, now() - number * interval '1 ms' from seed"
    )
    await owner.execute("drop table seed")
    await owner.execute("analyze job, job_queue, job_id")
