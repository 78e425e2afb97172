"""Bytes of files as answers, whole or a range; nothing in them is ever run under our origin."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from headrace.errors import InvalidInput

if TYPE_CHECKING:
    from fastapi import Request, Response

    from headrace.blobs.blobs import Blobs
    from headrace.model.blob import Blob

BYTES = {"type": "string", "format": "binary"}
_WHOLE = {"description": "The bytes of the file."}
_PART = {"description": "The bytes that `Range` asks for."}
_ATTACHED = {"application/octet-stream": {"schema": BYTES}}
BYTES_ANSWERED: dict[int | str, dict[str, Any]] = {
    200: _WHOLE | {"content": _ATTACHED},
    206: _PART | {"content": _ATTACHED},
}
_LINKED = {kind: {"schema": BYTES} for kind in ("application/octet-stream", "image/*", "audio/*", "video/*")}
LINK_ANSWERED: dict[int | str, dict[str, Any]] = {
    200: _WHOLE | {"content": _LINKED},
    206: _PART | {"content": _LINKED},
}
"""What OpenAPI says about answers of files, with and without a token."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_SHOWN_TYPES = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "audio/mpeg", "video/mp4"}
)
"""What a browser may show in place; it can't hold a script."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-cache",
}


async def file_response(
    request: Request, blobs: Blobs, blob: Blob, key: str, shown_as: str | None = None
) -> Response:
    """A file as an attachment; with a harmless type ``shown_as`` in place. Heeds one range of bytes.

    Raises Damaged or Unavailable where it can't be read, before the answer begins, and InvalidInput for a
    range that lies outside.
    """
    start, end, is_part = _range(request.headers.get("range"), blob.size)
    pieces = blobs.stream(blob, start, end)
    first = await anext(pieces, b"")

    async def body() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    is_shown = shown_as in _SHOWN_TYPES
    # A link is made to be shown anywhere; what is under our origin alone can't be seen from elsewhere.
    elsewhere = {"Cross-Origin-Resource-Policy": "cross-origin"} if is_shown else {}
    headers = (
        _HEADERS
        | elsewhere
        | {
            "Content-Length": str(end - start),
            "ETag": f'"{blob.digest}"',
            "Content-Disposition": f"{'inline' if is_shown else 'attachment'}; {_file_name(key)}",
        }
    )
    if is_part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{blob.size}"
    kind = shown_as if is_shown else "application/octet-stream"
    return StreamingResponse(body(), 206 if is_part else 200, headers, media_type=kind)


def _range(text: str | None, size: int) -> tuple[int, int, bool]:
    """Start and end of what is wanted, and whether that was asked for; several ranges are not heeded."""
    found = _RANGE.fullmatch(text or "")
    if found is None or not (found[1] or found[2]):
        return 0, size, False
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(int(found[2]) + 1 if found[2] else size, size)
    if start >= end:
        raise InvalidInput("Range", f"lies outside the file, which has {size} bytes")
    return start, end, True


def _file_name(key: str) -> str:
    """The last part of a key as a header, with everything in it escaped that is no plain letter."""
    name = key.rpartition("/")[2]
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
