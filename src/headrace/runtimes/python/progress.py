"""How far an installation is, for the log of the jobs that wait for it.

uv names what it downloads where that is large. What else there is has to be looked for: which packages are
missing, uv says where it is asked to; those that have come lie unpacked in its cache.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from headrace.clock import monotonic
from headrace.runtimes.base import LogSink

TELLING = {"RUST_LOG": "uv_installer::plan=debug"}
"""The environment in which uv says what it misses."""

_PERIOD_SECONDS = 5.0
_MISSING = re.compile(rb"DEBUG Identified uncached distribution: ([\w.-]+)==(\S+)")


class Progress:
    """A LogSink for the messages of a uv that downloads: hands them on, and adds counts."""

    def __init__(self, log: LogSink, cache: Path, packages: int) -> None:
        self._log = log
        self._cache = cache
        self._packages = packages
        self._missing: set[str] = set()
        self._is_told = False
        self._there_before = _unpacked(cache)
        self._began = monotonic()

    async def write(self, data: bytes) -> None:
        """Take a line of uv's."""
        if found := _MISSING.match(data):
            self._missing.add(f"{found[1].decode().replace('-', '_')}-{found[2].decode()}.dist-info".lower())
            return
        if data.startswith(b"DEBUG "):
            return
        if self._missing and not self._is_told:
            self._is_told = True
            await self._log.write(
                f"{len(self._missing)} of {self._packages} have to be downloaded\n".encode()
            )
        await self._log.write(data)

    @asynccontextmanager
    async def told(self, period_seconds: float = _PERIOD_SECONDS) -> AsyncIterator[Progress]:
        """Say every few seconds how much is there, as long as the block lasts."""
        telling = asyncio.create_task(self._tell(period_seconds))
        try:
            yield self
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling

    async def _tell(self, period_seconds: float) -> None:
        while True:
            await asyncio.sleep(period_seconds)
            seconds = monotonic() - self._began
            if not self._missing:
                await self._log.write(f"Waiting for the package index for {seconds:.0f} s …\n".encode())
                continue
            count = await asyncio.to_thread(self._count)
            await self._log.write(
                f"{count} of {len(self._missing)} are downloaded after {seconds:.0f} s\n".encode()
            )

    def _count(self) -> int:
        new = _unpacked(self._cache) - self._there_before
        there = {info.name.lower() for archive in new for info in archive.glob("*.dist-info")}
        return len(self._missing & there)


def _unpacked(cache: Path) -> set[Path]:
    """The wheels that uv's cache holds; each is put there when it is complete."""
    return set(cache.glob("archive-v*/*"))
