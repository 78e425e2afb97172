"""``python -m benchmarks.driver``: CPU of the client for one claim and one completion, by database driver.

asyncpg beside psycopg 3, which is no dependency of the project and has to be there: the statements of
``queue.sql``, prepared, one job at a time, in blocks that take turns on one PostgreSQL.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import secrets
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.cpu import cpu_ms
from benchmarks.spin import spin_ms
from headrace.db.connection import Login, connect
from headrace.db.embedded import EmbeddedPostgres, start_postgres
from headrace.db.migrate import migrate
from headrace.db.roles import make_roles
from headrace.queue.statements import SQL

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.db.queries import Query

Rows = Callable[["Query", dict[str, Any]], Awaitable[list[Any]]]
"""Runs a named query with values; rows have their columns by name."""

_WARM_UP = 20
_ARGUMENTS = b'{"number": 1, "text": "some words"}'


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.driver", description=__doc__)
    parser.add_argument("--blocks", type=int, default=15, help="of each driver")
    parser.add_argument("--cycles", type=int, default=200, help="claims and completions in a block")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="driver-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        blocks = asyncio.run(_measure(folder / "data", options.blocks, options.cycles))
    _print(blocks)


def _print(blocks: dict[str, list[dict[str, float]]]) -> None:
    """Medians over the blocks, per claim and completion; then the ratios, block by block."""
    print("| driver | CPU ms, client | CPU ms, PostgreSQL | ms in all |")
    print("| --- | --- | --- | --- |")
    for name, samples in blocks.items():
        values = (
            statistics.median(sample[key] for sample in samples)
            for key in ("cpu_ms", "database_cpu_ms", "wall_ms")
        )
        print(f"| {name} | {' | '.join(f'{value:.3f}' for value in values)} |")
    pairs = list(zip(blocks["psycopg"], blocks["asyncpg"], strict=True))
    client = sorted(theirs["cpu_ms"] / ours["cpu_ms"] for theirs, ours in pairs)
    both = sorted(_both(theirs) / _both(ours) for theirs, ours in pairs)
    for what, ratios in (("client", client), ("client and PostgreSQL", both)):
        print(f"psycopg / asyncpg, CPU of {what}: {statistics.median(ratios):.2f}", end=" ")
        print(f"({ratios[0]:.2f} to {ratios[-1]:.2f})")
    spins = sorted(sample["spin_ms"] for samples in blocks.values() for sample in samples)
    print(f"a fixed loop before each block: {spins[0]} to {spins[-1]} ms")


def _both(sample: dict[str, float]) -> float:
    return sample["cpu_ms"] + sample["database_cpu_ms"]


async def _measure(data_dir: Path, blocks: int, cycles: int) -> dict[str, list[dict[str, float]]]:
    postgres = await start_postgres(data_dir)
    try:
        await migrate(Login(postgres.url), make_roles(data_dir, postgres.url))
        return await _take_turns(postgres, blocks, cycles)
    finally:
        await postgres.stop()


async def _take_turns(
    postgres: EmbeddedPostgres, blocks: int, cycles: int
) -> dict[str, list[dict[str, float]]]:
    login = Login(postgres.url)
    ours = await connect(login, "benchmarks")
    theirs = await _psycopg(login)
    drivers: dict[str, Rows] = {"asyncpg": _asyncpg_rows(ours), "psycopg": _psycopg_rows(theirs)}
    session = await _open_session(ours)
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in drivers}
    try:
        for number in range(blocks):
            for name in sorted(drivers, reverse=bool(number % 2)):
                await _enqueue(ours, cycles + _WARM_UP)
                samples[name].append(await _block(drivers[name], session, cycles, postgres.pid))
    finally:
        await theirs.close()
        await ours.close()
    return samples


async def _block(rows: Rows, session: int, cycles: int, database: int) -> dict[str, float]:
    for _ in range(_WARM_UP):
        await _cycle(rows, session)
    spin = spin_ms()
    cpu, wall, database_cpu = time.process_time(), time.perf_counter(), cpu_ms([database])
    for _ in range(cycles):
        await _cycle(rows, session)
    return {
        "cpu_ms": (time.process_time() - cpu) * 1000 / cycles,
        "wall_ms": (time.perf_counter() - wall) * 1000 / cycles,
        "database_cpu_ms": (cpu_ms([database]) - database_cpu) / cycles,
        "spin_ms": round(spin, 1),
    }


async def _cycle(rows: Rows, session: int) -> None:
    (claimed,) = await rows(SQL.complete_and_claim, _values(session, [], slots=1))
    if len(await rows(SQL.complete_and_claim, _values(session, [claimed], slots=0))) != 1:
        raise RuntimeError("a job was not completed")


def _values(session: int, ended: list[Any], slots: int) -> dict[str, Any]:
    gone = datetime.now(UTC)
    ids = [job["id"] for job in ended]
    of_each: dict[str, Any] = {
        "statuses": "success",
        "results": b"1",
        "result_blobs": None,
        "durations_ms": 12,
        "exit_codes": 0,
        "peaks_kb": 9000,
        "canceled_by": None,
        "canceled_reasons": None,
        "processes_gone": gone,
        "folders_gone": gone,
        "mounts_gone": None,
        "log_starts": 0,
        "log_chunks": "a line\n",
    }
    return {
        "worker_session": session,
        "worker": "benchmarks",
        "isolation": "process",
        "tags": ["python3"],
        "slots": slots,
        "seed": secrets.token_bytes(32),
        "ids": ids,
        "attempts": [job["attempt"] or 1 for job in ended],
        "label_ids": [],
        "labels": [],
        "log_ids": ids,
        **{name: [value] * len(ids) for name, value in of_each.items()},
    }


def _asyncpg_rows(connection: Connection) -> Rows:
    async def rows(query: Query, values: dict[str, Any]) -> list[Any]:
        return await query.rows(connection, **values)

    return rows


async def _psycopg(login: Login) -> Any:
    psycopg = importlib.import_module("psycopg")
    settings = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    return await psycopg.AsyncConnection.connect(
        login.url, autocommit=True, cursor_factory=psycopg.AsyncRawCursor, options=settings,
        row_factory=importlib.import_module("psycopg.rows").dict_row,
    )  # fmt: skip


_SESSION = {"search_path": "headrace", "timezone": "UTC", "jit": "off"}


def _psycopg_rows(connection: Any) -> Rows:
    async def rows(query: Query, values: dict[str, Any]) -> list[Any]:
        async with connection.cursor(binary=True) as cursor:
            await cursor.execute(query.sql, query.bind(values), prepare=True)
            return await cursor.fetchall()

    return rows


async def _open_session(connection: Connection) -> int:
    return await SQL.open_session.value(
        connection, worker="benchmarks", worker_group="default", host="benchmarks", tags=["python3"], slots=1,
        version="0", isolation="process", lease_seconds=86400.0,
    )  # fmt: skip


async def _enqueue(connection: Connection, jobs: int) -> None:
    values: dict[str, Any] = dict.fromkeys(SQL.enqueue_job.parameters)
    values |= {
        "workspace": "benchmarks", "kind": "script", "path": "f/benchmarks/noop", "language": "python3",
        "args": _ARGUMENTS, "created_by": "admin", "permissioned_as": "u/admin", "email": "a@example.com",
        "tag": "python3", "priority": 0, "restart_if_lost": True, "visible_to_runner_only": False,
    }  # fmt: skip
    async with connection.transaction():
        for _ in range(jobs):
            await SQL.enqueue_job.run(connection, **values)


if __name__ == "__main__":
    main()
