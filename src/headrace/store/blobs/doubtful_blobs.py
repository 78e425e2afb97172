"""Blobs that perhaps nobody refers to: noted before they are put, judged by the leader.

A blob lies outside every transaction. So its name is noted first, and either the transaction that refers
to it also trusts it, or the attempt that put it is fenced: whoever may still refer to a blob can be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.errors import Conflict

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId

SQL = load_queries(__file__, "doubtful_blobs.sql")

JUDGED_AFTER_SECONDS = 3600.0
"""For what a job puts."""
UPLOADED_WITHIN_SECONDS = 86400.0
"""For what somebody uploads, who may be slow."""
MOST_JUDGED = 100


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What is due: names that are used, that may still come to be used, and that nobody needs."""

    used: list[str] = field(default_factory=list[str])
    open: list[str] = field(default_factory=list[str])
    unused: list[str] = field(default_factory=list[str])


async def doubt(
    connection: Connection,
    name: str,
    workspace: str,
    *,
    seconds: float,
    job: JobId | None = None,
    attempt: int | None = None,
) -> None:
    """Note a name before its blob is put; in a transaction of its own."""
    await SQL.doubt_blob.run(
        connection, name=name, workspace=workspace, seconds=seconds, job_id=job, attempt=attempt
    )


async def trust(connection: Connection, name: str) -> None:
    """Refer to a blob from this transaction on. Raises Conflict where it has been removed meanwhile."""
    if await SQL.trust_blob.value(connection, name=name) is None:
        raise Conflict("what was stored has been removed again, because it took too long; store it again")


async def judge(connection: Connection) -> Verdicts:
    """What is due, at most MOST_JUDGED of it, locked until the transaction ends."""
    verdicts = Verdicts()
    for row in await SQL.judge_due.rows(connection, most=MOST_JUDGED):
        if row["is_used"]:
            verdicts.used.append(row["name"])
        elif row["may_be_used"]:
            verdicts.open.append(row["name"])
        else:
            verdicts.unused.append(row["name"])
    return verdicts


async def settle(connection: Connection, verdicts: Verdicts) -> None:
    """After ``judge``, in its transaction, when the unused ones are removed."""
    await SQL.forget_doubts.run(connection, names=verdicts.used + verdicts.unused)
    await SQL.postpone_doubts.run(connection, names=verdicts.open, seconds=JUDGED_AFTER_SECONDS)
