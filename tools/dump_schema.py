"""Writes ``src/headrace/db/schema.sql``: what all migrations together make, dumped by the wheel's pg_dump."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from headrace.db.connection import Login
from headrace.db.embedded import start_postgres
from headrace.db.migrate import migrate
from headrace.db.postgres_files import find_places, find_programs
from headrace.db.roles import make_roles

SCHEMA_FILE = Path(__file__).parents[1] / "src" / "headrace" / "db" / "schema.sql"

_PREAMBLE = "-- Written by `make schema` from the migrations, for reading. Nothing is made from this file.\n"
# Versions, owners and session settings tell about the machine; partitions about the day.
_NOISE = re.compile(r"^(?:--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(?:un)?restrict .*)\n", re.MULTILINE)


def dump_schema(url: str) -> str:
    """The schema of a migrated database, as text that is the same on every machine and day."""
    command = [
        find_programs(find_places(Path()), None) / "pg_dump",
        "--schema-only",
        "--schema=headrace",
        "--no-owner",
        "--exclude-table=headrace.job_history_*",
        url,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return _PREAMBLE + re.sub(r"\n{3,}", "\n\n", "\n" + _NOISE.sub("", done.stdout).strip() + "\n")


async def dump_migrations() -> str:
    """The schema that the migrations make in a fresh database."""
    folder = Path(tempfile.mkdtemp(prefix="headrace-schema-"))
    os.chmod(folder, 0o711)  # noqa: PTH101 - quick enough for an async function
    try:
        postgres = await start_postgres(folder)
        try:
            await migrate(Login(postgres.url), make_roles(folder, postgres.url))
            return dump_schema(postgres.url)
        finally:
            await postgres.stop()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    SCHEMA_FILE.write_text(asyncio.run(dump_migrations()), encoding="utf-8")
    print(f"{os.path.relpath(SCHEMA_FILE)} is written")
