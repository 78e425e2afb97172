"""The doctor's look at the packages of jobs: how many environments there are, and the room they take."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.cli.checkups.finding import Finding, Health
from headrace.runtimes.python.shelf import Shelf, disk_usage

if TYPE_CHECKING:
    from headrace.settings import Settings

_GIGABYTE = 1024**3


async def check_packages(settings: Settings) -> list[Finding]:
    """Environments and downloads beside their bounds; raises OSError where they can't be looked at."""
    return await asyncio.to_thread(_look, settings)


def _look(settings: Settings) -> list[Finding]:
    kept = Shelf(settings.data_dir / "shared" / "environments").contents()
    taken = sum(one.size for one in kept) / _GIGABYTE
    downloads = _size(settings.data_dir / "cache" / "uv") / _GIGABYTE
    text = (
        f"{len(kept)} environments of jobs take {taken:.1f} of {settings.environment_cache_gb:g} GB,"
        f" downloads for them {downloads:.1f} of {settings.download_cache_gb:g} GB"
    )
    return [Finding("packages", Health.OK, text)]


def _size(folder: Path) -> int:
    return disk_usage(folder) if folder.is_dir() else 0
