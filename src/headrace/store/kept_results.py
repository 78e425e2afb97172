"""Keeps results of scripts for the next call with the same arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.db.queries import load_queries

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.ids import JobId, ScriptHash

SQL = load_queries(__file__, "kept_results.sql")


async def keep(connection: Connection, job: JobId, cache_key: bytes, result: bytes, seconds: int) -> None:
    """Keep the result of a job that has succeeded in this transaction, for so many seconds."""
    await SQL.keep_result.run(connection, job=job, cache_key=cache_key, result=result, seconds=seconds)


async def read(
    connection: Connection, script_hash: ScriptHash, permissioned_as: str, cache_key: bytes, seconds: int
) -> bytes | None:
    """A result that is kept and not older than so many seconds, for whoever may run what gave it."""
    return await SQL.read_kept_result.value(
        connection,
        script_hash=script_hash,
        permissioned_as=permissioned_as,
        cache_key=cache_key,
        seconds=seconds,
    )


async def delete_expired(connection: Connection) -> int:
    """Delete results that answer no more, a thousand at most; how many."""
    return await SQL.delete_expired_results.count(connection)
