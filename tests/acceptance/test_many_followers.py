"""Thousands follow a job at once: the server answers others meanwhile, and forgets those that go."""

from __future__ import annotations

import asyncio
import json
import os
import resource
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance.commands import Up, pids_of, start_up

FOLLOWERS = 10_000
AT_ONCE = 50
ROUNDS = 3


class Follower:
    """A connection that reads a job's events."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def begin(cls, up: Up, job: str, place: str = "") -> Follower:
        """Connect, and wait for the first event."""
        host, port = urlsplit(up.url).hostname, urlsplit(up.url).port
        follower = cls(*await asyncio.open_connection(host, port))
        again = f"Last-Event-ID: {place}\r\n" if place else ""
        follower._writer.write(
            f"GET /api/w/{up.workspace}/jobs_u/getupdate_sse/{job}?only_result=true HTTP/1.1\r\n"
            f"Host: {host}:{port}\r\nAuthorization: Bearer {up.token}\r\n{again}\r\n".encode()
        )
        status = await follower._reader.readline()
        if b" 200 " not in status:
            raise AssertionError(status + await follower._reader.read(1000))
        await follower._reader.readuntil(b"\n\n")
        return follower

    async def event(self) -> tuple[str, dict[str, object]]:
        """The next event's id and data."""
        text = (await self._reader.readuntil(b"\n\n")).decode()
        lines = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        return lines["id"], json.loads(lines["data"])

    def drop(self) -> None:
        """Hang up, without a word."""
        self._writer.transport.abort()


@pytest.mark.long
async def test_thousands_come_and_go(quick_data_dir: Path):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    assert most > FOLLOWERS + 1000, "this needs more open files (ulimit -n)"
    up = await start_up(quick_data_dir, grace_seconds=1, most_streams_of_one=2 * FOLLOWERS)
    [server] = pids_of(quick_data_dir, "server")
    job = await later(up)
    used: list[int] = []
    for number in range(ROUNDS):
        followers = await begin_all(up, job)
        used.append(memory_kb(server))
        async with asyncio.timeout(10), up.in_workspace() as http:
            for _ in range(20):
                assert (await http.get("/jobs/list")).status_code == 200
        print(f"round {number + 1}: {used[-1]} kB with {FOLLOWERS} followers")
        for follower in followers:
            follower.drop()
        await until_forgotten(server)
    assert used[-1] < used[0] * 1.1, used
    await up.end()


async def later(up: Up) -> str:
    """A job that waits for a long time."""
    body = {"content": "def main(): ...", "language": "python3", "args": {}, "lock": ""}
    async with up.in_workspace() as http:
        return (await http.post("/jobs/run/preview?scheduled_in_secs=86400", json=body)).text


async def begin_all(up: Up, job: str) -> list[Follower]:
    """All followers, so many at once as a server takes."""
    places = asyncio.Semaphore(AT_ONCE)

    async def begin() -> Follower:
        async with places:
            return await Follower.begin(up, job)

    return await asyncio.gather(*(begin() for _ in range(FOLLOWERS)))


async def until_forgotten(server: int) -> None:
    """Return when the server holds none of their connections any more."""
    while len(os.listdir(f"/proc/{server}/fd")) > 500:  # noqa: ASYNC110, PTH208 - nobody tells of it
        await asyncio.sleep(0.1)


def memory_kb(pid: int) -> int:
    """What a process holds in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])
