"""What the log says while packages are downloaded."""

from __future__ import annotations

import asyncio
from pathlib import Path

from headrace.runtimes.python.progress import Progress


class KeptLog:
    """A LogSink that keeps all it is given; ``grew`` is set by each line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.grew = asyncio.Event()

    async def write(self, data: bytes) -> None:
        self.lines.append(data.decode())
        self.grew.set()

    async def until(self, line: str) -> None:
        while not any(kept.startswith(line) for kept in self.lines):
            self.grew.clear()
            await self.grew.wait()


def unpack(cache: Path, archive: str, info: str) -> None:
    (cache / "archive-v0" / archive / info).mkdir(parents=True)


async def test_what_has_to_be_downloaded_is_said_once_and_not_by_uv(tmp_path: Path):
    log = KeptLog()
    progress = Progress(log, tmp_path, 40)
    for line in (
        "Resolved 40 packages in 5ms",
        "DEBUG Identified uncached distribution: numpy==2.4.6",
        "DEBUG Identified uncached distribution: ruamel-yaml==0.18",
        "DEBUG something else",
        "Downloading numpy (16.1MiB)",
        "Prepared 2 packages in 3ms",
    ):
        await progress.write(f"{line}\n".encode())
    assert log.lines == [
        "Resolved 40 packages in 5ms\n",
        "2 of 40 have to be downloaded\n",
        "Downloading numpy (16.1MiB)\n",
        "Prepared 2 packages in 3ms\n",
    ]


async def test_nothing_is_counted_where_all_is_there(tmp_path: Path):
    log = KeptLog()
    await Progress(log, tmp_path, 1).write(b"Installed 1 package in 3ms\n")
    assert log.lines == ["Installed 1 package in 3ms\n"]


async def test_what_has_come_since_is_counted(tmp_path: Path):
    log = KeptLog()
    unpack(tmp_path, "before", "numpy-2.4.6.dist-info")  # for another Python
    progress = Progress(log, tmp_path, 3)
    async with progress.told(period_seconds=0.01):
        await log.until("Waiting for the package index")
        await progress.write(b"DEBUG Identified uncached distribution: numpy==2.4.6\n")
        await progress.write(b"DEBUG Identified uncached distribution: ruamel-yaml==0.18\n")
        await log.until("0 of 2 are downloaded after")
        unpack(tmp_path, "new", "ruamel_yaml-0.18.dist-info")
        await log.until("1 of 2 are downloaded after")
