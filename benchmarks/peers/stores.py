"""What peers keep their jobs in, as durable as ours is."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from benchmarks.system import System, free_port

_PATIENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Store:
    """Where it is, which process it is, and what it does before it says that something is stored."""

    url: str
    pid: int
    durability: str


@asynccontextmanager
async def redis(system: System) -> AsyncIterator[Store]:
    """A Redis of its own that writes each command to the disk before it answers."""
    program = shutil.which("redis-server")
    if program is None:
        raise RuntimeError("Celery and RQ need redis-server (the Debian package of that name)")
    port = free_port()
    folder = system.folder / f"redis-{port}"
    folder.mkdir()
    options = ("--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes", "--appendfsync", "always")
    server = await asyncio.create_subprocess_exec(
        program, "--port", str(port), *options, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await _until_listening(port)
        told = [await _ask_redis(port, f"CONFIG GET {name}") for name in ("appendonly", "appendfsync")]
        yield Store(f"redis://127.0.0.1:{port}/0", server.pid, f"Redis, {', '.join(told)}")
    finally:
        server.terminate()
        await server.wait()


@asynccontextmanager
async def database(system: System) -> AsyncIterator[Store]:
    """A database beside ours, in the same PostgreSQL."""
    await system.connection.execute("create database peer")
    url = system.postgres.url
    place, _, query = url.partition("?")
    # The owner's URL ends in the name of our database, whatever stands before it.
    url = f"{place.rpartition('/')[0]}/peer" + (f"?{query}" if query else "")
    yield Store(url, system.postgres.pid, "the same PostgreSQL")
    await system.connection.execute("drop database peer with (force)")


async def _until_listening(port: int) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port)):
                    return
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)


async def _ask_redis(port: int, command: str) -> str:
    """The words of an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{command}\r\nQUIT\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    return " ".join(line for line in answer.split("\r\n") if line and line[0] not in "*$+")
