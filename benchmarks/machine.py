"""What the figures were measured on: the machine, and how durable its PostgreSQL is."""

from __future__ import annotations

import os
import platform
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headrace.db.connection import Connection

_READ_BACK = (
    "server_version", "fsync", "synchronous_commit", "full_page_writes", "default_transaction_isolation",
    "shared_buffers",
)  # fmt: skip
_BLOCK = bytes(8192)


async def describe_machine(connection: Connection, data_dir: Path) -> dict[str, Any]:
    """Facts by name; PostgreSQL's are read from the server that runs, not from what we asked for."""
    settings = {name: await connection.fetchval("select current_setting($1)", name) for name in _READ_BACK}
    overrides = await connection.fetch("select unnest(setconfig) as setting from pg_db_role_setting")
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "kernel": platform.release(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{f"postgresql {name}": value for name, value in settings.items()},
        "postgresql settings of roles": ", ".join(row["setting"] for row in overrides) or "none",
        "fdatasync of 8 kB, median ms": round(fdatasync_ms(data_dir), 3),
    }


def fdatasync_ms(folder: Path, writes: int = 200) -> float:
    """Median time of an fdatasync after 8 kB were written over, on the disk of the database."""
    file = folder / "fdatasync"
    times: list[float] = []
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, _BLOCK * 64)
        os.fsync(descriptor)
        for number in range(writes):
            os.pwrite(descriptor, _BLOCK, number % 64 * len(_BLOCK))
            began = time.perf_counter()
            os.fdatasync(descriptor)
            times.append((time.perf_counter() - began) * 1000)
    finally:
        os.close(descriptor)
        file.unlink()
    return statistics.median(times)
