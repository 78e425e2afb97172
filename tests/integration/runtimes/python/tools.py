"""What the tests of Python's dependencies share: a log to look at, an index that never answers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from headrace.runtimes.python.uv import UvTool

SIX = ["six==1.17.0"]


class KeptLog:
    """A LogSink that keeps all it is given; ``began`` is set by the first line."""

    def __init__(self) -> None:
        self.text = ""
        self.began = asyncio.Event()

    async def write(self, data: bytes) -> None:
        self.text += data.decode()
        self.began.set()


@dataclass
class SilentIndex:
    """A server that takes connections and says nothing; it tells when one is made, and when one is lost."""

    url: str = ""
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def silent_index() -> AsyncIterator[SilentIndex]:
    index = SilentIndex()
    writers: list[asyncio.StreamWriter] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        index.connected.set()
        await reader.read()
        index.lost.set()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    index.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/simple"
    try:
        yield index
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


def uv_behind_a_dead_proxy(cache: Path) -> UvTool:
    """A uv with the machine's own index, which it can't reach."""
    proxies = dict.fromkeys(("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY"), "http://127.0.0.1:9")
    lower = {name.lower(): value for name, value in proxies.items()}
    environ = {**os.environ, **proxies, **lower, "NO_PROXY": "", "no_proxy": "", "UV_HTTP_RETRIES": "0"}
    return UvTool.find(cache, environ)


def uv_without_network(cache: Path) -> UvTool:
    """A uv whose index is a closed port, reached with a password."""
    return uv_with_index(cache, "http://someone:very-secret@127.0.0.1:9/simple")


def uv_with_index(cache: Path, url: str) -> UvTool:
    return UvTool.find(cache, {**os.environ, "UV_DEFAULT_INDEX": url, "UV_HTTP_RETRIES": "0"})
