"""Ends what an earlier process left running on the data of the embedded PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

_PATIENCE = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 30.0))


async def end_leftovers(data: Path) -> None:
    """Wait until no process of PostgreSQL works in ``data`` any more; who doesn't go by itself is ended.

    The caller holds the lock of the data folder, so these belong to nobody. Raises TimeoutError where
    one can't even be killed.
    """
    for number, seconds in _PATIENCE:
        left = find_leftovers(data)
        if not left:
            return
        log.warning("PostgreSQL still runs in %s (process %s), ending it", data, ", ".join(map(str, left)))
        postmaster = _read_postmaster(data)
        # Its children follow the postmaster; without one they go by themselves, and soon.
        for pid in [postmaster] if postmaster in left else left:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for pid in left:
                    await _ended(pid)
                return
    raise TimeoutError(f"processes of PostgreSQL in {data} don't end")


def find_leftovers(data: Path) -> list[int]:
    """Processes of a PostgreSQL that work in ``data``: each of them has it for its current folder."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if _works_in(entry, data)]


def _works_in(process: Path, data: Path) -> bool:
    if not process.name.isdigit():
        return False
    try:
        # A program that was replaced meanwhile shows as `postgres (deleted)`.
        is_postgres = (process / "exe").readlink().name.split()[0] == "postgres"
        return is_postgres and (process / "cwd").readlink() == data.resolve()
    except OSError:
        return False


def _read_postmaster(data: Path) -> int | None:
    try:
        return int((data / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


async def _ended(pid: int) -> None:
    """Wait for the end of a process that is not our child."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(watched, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(watched)
        os.close(watched)
