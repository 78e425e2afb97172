"""Puts blobs into the store, reads them back proven, and removes them.

A blob is written once, under a name that nobody chooses and that is never used again. What is read is
compared with the hashes that its reference holds, a piece at a time and before it is handed on.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import obstore

from headrace.blobs.failures import translated
from headrace.blobs.pieces import Hashed, prove
from headrace.errors import Damaged, Unavailable
from headrace.model.blob import PIECE_BYTES, Blob

if TYPE_CHECKING:
    from obstore.store import ObjectStore

READ_SECONDS = 15.0
"""Longest time for one read of at most READ_PIECES."""
READ_PIECES = 4
_PART_BYTES = 5 * 1024 * 1024
_SLOWEST_BYTES_PER_SECOND = 512 * 1024


class Blobs:
    """The blob store of an installation. ``folder`` is where it lies, if that is on this machine."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    async def put(self, name: str, data: bytes | AsyncIterator[bytes], most_bytes: int | None = None) -> Blob:
        """Store bytes under a new name, durably; nothing of them is seen before all of them are there.

        Raises TooLarge beyond ``most_bytes``, and Unavailable or Misconfigured where the store fails.
        """
        pieces = Hashed(data, most_bytes)
        # Bytes that come from elsewhere come as slowly as they like; those at hand have a time.
        seconds = READ_SECONDS + len(data) / _SLOWEST_BYTES_PER_SECOND if isinstance(data, bytes) else None
        with self._at(name, is_new=True):
            async with asyncio.timeout(seconds):
                await obstore.put_async(
                    self._store, name, aiter(pieces), chunk_size=_PART_BYTES, max_concurrency=2
                )
                if self._folder is not None:
                    await asyncio.to_thread(_sync, self._folder, name)
        return Blob(name, pieces.size, pieces.hashes)

    async def read(self, blob: Blob) -> bytes:
        """All of a blob. Raises Damaged, Unavailable or Misconfigured."""
        return b"".join([piece async for piece in self.stream(blob)])

    async def stream(self, blob: Blob, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from ``start`` to before ``end``, each proven before it comes. Errors like ``read``'s.

        A reader may take its time: between two reads nothing is held open.
        """
        end = blob.size if end is None else min(end, blob.size)
        last = min(-(-end // PIECE_BYTES) * PIECE_BYTES, blob.size)
        position = start - start % PIECE_BYTES
        while position < end:
            until = min(position + READ_PIECES * PIECE_BYTES, last)
            data = await self._read_range(blob.name, position, until)
            if len(data) != until - position:
                raise Damaged(f"blob {blob.name} is damaged: it is shorter than what was stored")
            for piece in prove(blob, position // PIECE_BYTES, data):
                wanted = piece[max(0, start - position) : end - position]
                if wanted:
                    yield wanted
                position += len(piece)

    async def delete(self, names: Sequence[str]) -> None:
        """Remove blobs; those that are not there are none the less gone."""
        for name in names:
            with self._at(name):
                async with asyncio.timeout(READ_SECONDS):
                    try:
                        await obstore.delete_async(self._store, name)
                    except FileNotFoundError:
                        continue

    async def try_out(self) -> None:
        """Write, read and remove a small blob. Raises what keeps one of them from being done."""
        blob = await self.put(new_name("trial", "none"), secrets.token_bytes(4096))
        try:
            await self.read(blob)
        finally:
            await self.delete([blob.name])

    async def _read_range(self, name: str, start: int, end: int) -> memoryview:
        with self._at(name):
            async with asyncio.timeout(READ_SECONDS):
                return memoryview(await obstore.get_range_async(self._store, name, start=start, end=end))

    @contextmanager
    def _at(self, name: str, *, is_new: bool = False) -> Iterator[None]:
        # Where the folder is gone, as when a disk is not mounted, nothing must be written below it, and
        # what lies in it is not lost.
        if self._folder is not None and not self._folder.is_dir():
            raise Unavailable("the folder of the blob store is not there")
        with translated(name, is_new=is_new):
            yield


def new_name(kind: str, workspace: str, *parts: object) -> str:
    """A name that was never used before: ``<kind>/<workspace>/<parts>-<random>``."""
    return "/".join([kind, workspace, *map(str, parts), secrets.token_hex(16)])


def _sync(folder: Path, name: str) -> None:
    """Have a new file, and the folders that lead to it, on the disk before anything refers to it."""
    path = folder / name
    for place in (path, *path.parents):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if place == folder:
            return
