"""Waiting for descriptors in the event loop, without a transport for each."""

from __future__ import annotations

import asyncio
import os

_PIECE = 64 * 1024


async def readable(descriptor: int) -> None:
    """Wait until something can be read, or its other end is closed."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        loop.remove_reader(descriptor)
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(descriptor, wake)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)


async def read_some(descriptor: int) -> bytes:
    """What there is to read from a non-blocking descriptor, waiting for it; empty at its end."""
    while True:
        try:
            return os.read(descriptor, _PIECE)
        except BlockingIOError:
            await readable(descriptor)
