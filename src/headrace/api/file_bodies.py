"""Takes the bytes of files to the blob store, and then lets their keys refer to them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headrace.errors import InvalidInput, TooLarge
from headrace.lifecycle.blobs.files import NewFile, announce_file, keep_file

if TYPE_CHECKING:
    from headrace.api.context import Caller

_CONTENT_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}(?:; ?charset=[\w-]{1,30})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has come whole, in the field ``name`` of a form, and the key that it is to have."""

    name: str
    key: str
    data: bytes = field(repr=False)
    content_type: str | None = None


def check_content_type(text: str, field: str) -> None:
    """Raise InvalidInput unless it is a media type, with nothing but a character set behind it."""
    if not _CONTENT_TYPE.fullmatch(text):
        raise InvalidInput(field, "must be a media type such as text/csv")


async def receive_file(
    caller: Caller,
    key: str,
    data: AsyncIterator[bytes],
    content_type: str | None,
    announced: int | None = None,
) -> None:
    """Store a file; no database connection is held while its bytes come.

    ``announced`` is the length that the client says they have. Raises TooLarge, PermissionDenied,
    InvalidInput for an odd key, and Unavailable; nothing is changed then.
    """
    most_bytes, too_large = _limit(caller, "file")
    async with caller.transaction() as connection:
        name = await announce_file(connection, caller.principal, key)
    if announced is not None and announced > most_bytes:
        raise too_large
    try:
        blob = await caller.context.blobs.put(name, data, most_bytes)
    except TooLarge as error:
        raise too_large from error
    async with caller.transaction() as connection:
        await keep_file(connection, caller.principal, NewFile(key, blob, content_type))


async def store_uploads(caller: Caller, uploads: Sequence[Upload]) -> tuple[NewFile, ...]:
    """Store the bytes of files; no key refers to them before ``keep_file``, and without it they go again.

    Raises TooLarge before anything is stored, PermissionDenied, and Unavailable.
    """
    for upload in uploads:
        most_bytes, too_large = _limit(caller, upload.name)
        if len(upload.data) > most_bytes:
            raise too_large
    async with caller.transaction() as connection:
        names = [await announce_file(connection, caller.principal, upload.key) for upload in uploads]
    blobs = caller.context.blobs
    return tuple([
        NewFile(upload.key, await blobs.put(name, upload.data), upload.content_type)
        for name, upload in zip(names, uploads, strict=True)
    ])  # fmt: skip


def _limit(caller: Caller, field: str) -> tuple[int, TooLarge]:
    megabytes = caller.context.settings.file_limit_mb
    return megabytes * 1024**2, TooLarge(f"{field}: is larger than {megabytes} MB (setting file_limit_mb)")
