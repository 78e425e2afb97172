"""Cuts bytes into pieces and hashes them on their way in; proves them on their way out."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator

from headrace.errors import Damaged, TooLarge
from headrace.model.blob import PIECE_BYTES, Blob


class Hashed:
    """Pieces on their way into the store; knows size and hashes of those that have passed."""

    def __init__(self, data: bytes | AsyncIterator[bytes], most_bytes: int | None = None) -> None:
        self._data = data
        self._most_bytes = most_bytes
        self.size = 0
        self.hashes = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """All of it in whole pieces; raises TooLarge as soon as there is more than there may be."""
        if isinstance(self._data, bytes):
            for piece in _cut(self._data):
                yield self._noted(piece)
            return
        gathered = bytearray()
        async for part in self._data:
            gathered += part
            if self._most_bytes is not None and self.size + len(gathered) > self._most_bytes:
                raise TooLarge(f"is larger than {self._most_bytes // 1024**2} MB")
            whole = len(gathered) - len(gathered) % PIECE_BYTES
            for piece in _cut(bytes(gathered[:whole])):
                yield self._noted(piece)
            del gathered[:whole]
        if gathered:
            yield self._noted(bytes(gathered))

    def _noted(self, piece: bytes) -> bytes:
        self.size += len(piece)
        self.hashes += hashlib.sha256(piece).digest()
        return piece


def prove(blob: Blob, first_piece: int, data: memoryview) -> Iterator[bytes]:
    """The pieces that ``data`` holds, from ``first_piece`` on; raises Damaged at the first that is wrong."""
    for offset in range(0, len(data), PIECE_BYTES):
        piece = bytes(data[offset : offset + PIECE_BYTES])
        number = first_piece + offset // PIECE_BYTES
        if hashlib.sha256(piece).digest() != blob.hash_of(number):
            raise Damaged(f"blob {blob.name} is damaged: piece {number} is not what was stored")
        yield piece


def _cut(data: bytes) -> Iterator[bytes]:
    for offset in range(0, len(data), PIECE_BYTES):
        yield data[offset : offset + PIECE_BYTES]
