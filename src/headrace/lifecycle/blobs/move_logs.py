"""Moves the beginning of long logs of ended jobs into the blob store, a block at a time.

Before and after each block the log is whole: a block takes the place of its rows in one transaction.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING

from headrace import failpoint
from headrace.blobs.blobs import new_name
from headrace.errors import Conflict
from headrace.model.log_text import utf16_length
from headrace.queue import log_blocks
from headrace.store.blobs import doubtful_blobs

if TYPE_CHECKING:
    from headrace.blobs.blobs import Blobs
    from headrace.db.connection import Connection
    from headrace.model.blob import Blob
    from headrace.queue.log_blocks import LargeLog

_LEVEL = 3


async def move_logs(connection: Connection, blobs: Blobs) -> int:
    """Move what can be moved of some logs; how many logs were looked at, at most ten.

    For workers' connections. Raises Unavailable where the store is away, and goes on where it stopped when
    called again.
    """
    logs = await log_blocks.find_large(connection)
    for log in logs:
        while await _move_block(connection, blobs, log):
            pass
        await log_blocks.forget(connection, log)
    return len(logs)


async def _move_block(connection: Connection, blobs: Blobs, log: LargeLog) -> bool:
    chunks = await log_blocks.read_start(connection, log)
    if not chunks:
        return False
    text = "".join(chunk.text for chunk in chunks)
    name = new_name("logs", log.workspace, log.job, log.attempt, chunks[0].start)
    seconds = doubtful_blobs.JUDGED_AFTER_SECONDS
    await doubtful_blobs.doubt(
        connection, name, log.workspace, seconds=seconds, job=log.job, attempt=log.attempt
    )
    blob = await blobs.put(name, await asyncio.to_thread(zlib.compress, text.encode(), _LEVEL))
    await failpoint.reach("log_block_put")
    async with connection.transaction():
        await doubtful_blobs.trust(connection, name)
        if not await log_blocks.move_start(connection, log, chunks, utf16_length(text), blob):
            raise Conflict("the log was erased while it was moved")
    return True


async def read_block(blobs: Blobs, blob: Blob) -> str:
    """The text of a block. Raises Damaged and Unavailable."""
    data = await blobs.read(blob)
    return (await asyncio.to_thread(zlib.decompress, data)).decode()
