"""Jobs for later, and jobs in quarantine, become claimable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId


async def release_due(connection: Connection) -> set[str]:
    """Let jobs be claimed whose time has come, a thousand at a time; returns their tags."""
    return {row["tag"] for row in await SQL.release_due.rows(connection)}


async def make_due(connection: Connection, job: JobId) -> str | None:
    """Let a job wait for its time no longer; its tag, or None where it doesn't wait any more."""
    return await SQL.make_due.value(connection, id=job)


async def seconds_to_next(connection: Connection) -> float | None:
    """Time until the next job for later is due, by the database's clock; None without one."""
    return await SQL.seconds_to_next_due.value(connection)


async def release_quarantined(connection: Connection, job: JobId) -> str | None:
    """Let a job out of quarantine, its losses forgotten; its tag, or None where it is not in it."""
    return await SQL.release_quarantined.value(connection, id=job)


async def clean(connection: Connection) -> None:
    """Delete what time has made meaningless: old Idempotency-Keys, worker sessions, tokens, streams."""
    await SQL.delete_old_idempotency_keys.run(connection)
    await SQL.delete_old_sessions.run(connection)
    await SQL.delete_expired_tokens.run(connection)
    await SQL.delete_orphaned_streams.run(connection)
