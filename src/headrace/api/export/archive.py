"""Writes entries into one archive on the disk, so that a workspace may be larger than memory."""

from __future__ import annotations

import asyncio
import io
import tarfile
import zipfile
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Protocol

from headrace.errors import InvalidInput

PIECE_BYTES = 64 * 1024
_BATCH_BYTES = 1024 * 1024
"""So much is gathered before a thread packs it: packing would hold up everybody else."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive."""

    name: str
    data: bytes


class Packer(AbstractContextManager["Packer"], Protocol):
    """Takes entries; what it has written is complete when the block is left."""

    def pack(self, entry: Entry) -> None:
        """Write one entry."""
        ...


def media_type(kind: str) -> str:
    """The media type of a kind of archive; raises InvalidInput where there is no such kind."""
    if kind not in _KINDS:
        # Clients know these words, and ask for another kind.
        raise InvalidInput("archive_type", f"Invalid Archive Type {kind!r}; known: {', '.join(_KINDS)}")
    return _KINDS[kind][0]


async def write_archive(kind: str, entries: AsyncIterator[Entry]) -> IO[bytes]:
    """A temporary file with all entries in it, to be read from its start; whoever takes it closes it.

    The same entries give the same bytes.
    """
    file = TemporaryFile()  # noqa: SIM115 - it outlives this call
    try:
        with _KINDS[kind][1](file) as packer:
            async for batch in _batches(entries):
                await asyncio.to_thread(_pack, packer, batch)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


async def pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    """The content of a file, piece by piece; it is closed at the end."""
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
            yield piece


async def _batches(entries: AsyncIterator[Entry]) -> AsyncIterator[list[Entry]]:
    batch: list[Entry] = []
    gathered = 0
    async for entry in entries:
        batch.append(entry)
        gathered += len(entry.data)
        if gathered >= _BATCH_BYTES:
            yield batch
            batch, gathered = [], 0
    yield batch


def _pack(packer: Packer, entries: Iterable[Entry]) -> None:
    for entry in entries:
        packer.pack(entry)


class _Zip(zipfile.ZipFile):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, "w", zipfile.ZIP_DEFLATED)

    def pack(self, entry: Entry) -> None:
        info = zipfile.ZipInfo(entry.name)  # with the earliest time that there is in a zip
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        self.writestr(info, entry.data)


class _Tar(tarfile.TarFile):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(fileobj=file, mode="w")

    def pack(self, entry: Entry) -> None:
        info = tarfile.TarInfo(entry.name)
        info.size = len(entry.data)
        self.addfile(info, io.BytesIO(entry.data))


_KINDS: dict[str, tuple[str, type[_Zip | _Tar]]] = {
    "zip": ("application/zip", _Zip),
    "tar": ("application/x-tar", _Tar),
}
