"""Takes the bytes of a file to the blob store as they come, and then lets its key refer to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from headrace.errors import TooLarge
from headrace.lifecycle.blobs.files import announce_file, keep_file

if TYPE_CHECKING:
    from headrace.api.context import Caller


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
    megabytes = caller.context.settings.file_limit_mb
    most_bytes = megabytes * 1024**2
    too_large = TooLarge(f"file: is larger than {megabytes} MB (setting file_limit_mb)")
    async with caller.transaction() as connection:
        name = await announce_file(connection, caller.principal, key)
    if announced is not None and announced > most_bytes:
        raise too_large
    try:
        blob = await caller.context.blobs.put(name, data, most_bytes)
    except TooLarge as error:
        raise too_large from error
    async with caller.transaction() as connection:
        await keep_file(connection, caller.principal, key, blob, content_type)
