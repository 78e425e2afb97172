"""What a row knows of bytes that lie elsewhere."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

PIECE_BYTES = 1024 * 1024
"""Blobs are hashed in pieces, so that each piece can be proven right before it is handed on."""
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Blob:
    """A reference to a blob: its name in the store, its size, and the SHA-256 of each of its pieces."""

    name: str
    size: int
    hashes: bytes

    @property
    def digest(self) -> str:
        """One hash for all of it, in hex: that of its size and the hashes of its pieces."""
        return hashlib.sha256(b"%d:%b" % (self.size, self.hashes)).hexdigest()

    def hash_of(self, piece: int) -> bytes:
        """The SHA-256 of a piece, counted from 0."""
        return self.hashes[piece * _HASH_BYTES : (piece + 1) * _HASH_BYTES]


def write_blob(blob: Blob) -> str:
    """A reference as the JSON that rows keep."""
    return json.dumps({"name": blob.name, "size": blob.size, "sha256": blob.hashes.hex()})


def read_blob(text: str) -> Blob:
    """A reference from the JSON that rows keep."""
    fields = json.loads(text)
    return Blob(fields["name"], fields["size"], bytes.fromhex(fields["sha256"]))
