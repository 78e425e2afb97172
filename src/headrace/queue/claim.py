"""A worker takes jobs: each goes to exactly one, with a new attempt number and a token of its own."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from headrace.model.job import ClaimedJob, JobKind, Lease, job_token
from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from headrace.db.connection import Connection, Record


async def claim(connection: Connection, worker_session: int, tags: list[str], slots: int) -> list[ClaimedJob]:
    """Take at most ``slots`` due jobs of these tags, best first. One statement, one transaction.

    Where the reply to its COMMIT is lost the jobs are this session's all the same: it finds them by
    ``read_my_jobs``, knows nothing of them, and gives them back.
    """
    seed = secrets.token_bytes(32)
    rows = await SQL.claim_jobs.rows(
        connection, tags=tags, slots=slots, worker_session=worker_session, seed=seed
    )
    return [_claimed(row, worker_session, seed) for row in rows]


def _claimed(row: Record, worker_session: int, seed: bytes) -> ClaimedJob:
    secret = hashlib.sha256(seed + row["id"].bytes).digest()
    return ClaimedJob(
        lease=Lease(row["id"], row["attempt"], worker_session),
        token=job_token(row["id"], row["attempt"], secret),
        workspace=row["workspace_id"],
        kind=JobKind(row["kind"]),
        path=row["path"],
        script_hash=row["script_hash"],
        language=row["language"],
        raw_code=row["raw_code"],
        raw_lock=row["raw_lock"],
        args=row["args"],
        parent_job=row["parent_job"],
        root_job=row["root_job"],
        created_by=row["created_by"],
        permissioned_as=row["permissioned_as"],
        email=row["email"],
        scheduled_for=row["scheduled_for"],
        tag=row["tag"],
        timeout_seconds=row["timeout_seconds"],
        losses=row["losses"],
        flow_step_id=row["flow_step_id"],
        schedule_path=row["schedule_path"],
        entry=row["entry"],
        preprocessed=row["preprocessed"],
    )
