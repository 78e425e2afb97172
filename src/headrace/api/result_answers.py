"""Answers that hold a job's result, wherever it lies; one from the blob store goes out piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from fastapi import Response
from fastapi.responses import StreamingResponse

from headrace.api.schemas.answers import json_response
from headrace.model.blob import Blob

if TYPE_CHECKING:
    from headrace.blobs.blobs import Blobs


async def result_response(blobs: Blobs, result: bytes | Blob, status_code: int = 200) -> Response:
    """A result alone. Raises Damaged or Unavailable where it can't be read."""
    if isinstance(result, bytes):
        return json_response(result, status_code)
    return await _streamed(blobs, b"", result, b"", status_code)


async def with_result(blobs: Blobs, shown: bytes, result: bytes | Blob | None) -> Response:
    """A JSON object, with the result as one more member; without it where there is none.

    Raises Damaged or Unavailable where it can't be read.
    """
    head = shown[:-1] + b',"result":'
    match result:
        case None:
            return json_response(shown)
        case Blob():
            return await _streamed(blobs, head, result, b"}", 200)
        case text:
            return json_response(head + text + b"}")


async def whole_result(blobs: Blobs, result: bytes | Blob) -> bytes:
    """A result in memory, for who has to look into it. Raises Damaged or Unavailable."""
    return result if isinstance(result, bytes) else await blobs.read(result)


async def first_part(blobs: Blobs, blob: Blob) -> str:
    """The beginning of a stored result as text, at most a MiB. Raises Damaged or Unavailable."""
    return (await anext(blobs.stream(blob), b"")).decode(errors="ignore")


async def _streamed(blobs: Blobs, head: bytes, blob: Blob, tail: bytes, status_code: int) -> Response:
    pieces = blobs.stream(blob)
    # The first piece is read before the answer begins: what is wrong with it can still be said.
    first = await anext(pieces, b"")

    async def body() -> AsyncIterator[bytes]:
        yield head + first
        async for piece in pieces:
            yield piece
        yield tail

    # With its length, so that an answer that breaks off at a damaged piece is not taken for a whole one.
    length = str(len(head) + blob.size + len(tail))
    return StreamingResponse(body(), status_code, {"content-length": length}, media_type="application/json")
