"""Reads answers that go on, as a browser does: piece by piece, and away in the middle if it likes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.integration.api.callers import Api, in_workspace


@dataclass
class Event:
    """A server-sent event."""

    id: str | None
    data: dict[str, Any]


@dataclass
class Reader:
    """What came of an answer so far. ``slow`` is cleared to stop reading."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    slow: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    pieces: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    _rest: bytes = b""

    async def event(self) -> Event:
        """The next event; comments are passed over."""
        while True:
            while b"\n\n" not in self._rest:
                self._rest += await self.pieces.get()
            text, _, self._rest = self._rest.partition(b"\n\n")
            if (event := _parse(text.decode())) is not None:
                return event

    async def events(self) -> list[Event]:
        """All there are until the end."""
        await self.ended.wait()
        while not self.pieces.empty():
            self._rest += self.pieces.get_nowait()
        texts, self._rest = self._rest.decode().split("\n\n"), b""
        return [event for text in texts if (event := _parse(text)) is not None]


def _parse(text: str) -> Event | None:
    lines = dict(line.split(": ", 1) for line in text.splitlines() if not line.startswith(":"))
    return Event(lines.get("id"), json.loads(lines["data"])) if "data" in lines else None


@asynccontextmanager
async def reading(
    api: Api,
    name: str,
    path: str,
    last_event_id: str | None = None,
    query: str = "",
    body: bytes | None = None,
) -> AsyncIterator[Reader]:
    """Somebody who reads an answer, and hangs up when the block ends."""
    headers = [(b"authorization", f"Bearer {api.tokens[name]}".encode()), (b"host", b"test")]
    if last_event_id is not None:
        headers.append((b"last-event-id", last_event_id.encode()))
    full = f"/api{in_workspace(path)}"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET" if body is None else "POST",
        "scheme": "http",
        "path": full,
        "raw_path": full.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "server": ("test", 80),
        "client": ("test", 1),
    }
    reader = Reader()
    reader.slow.set()
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": body or b"", "more_body": False}
        await reader.gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            reader.status = message["status"]
            reader.headers = {key.decode(): value.decode() for key, value in message["headers"]}
            return
        await reader.slow.wait()
        if message.get("body"):
            reader.pieces.put_nowait(message["body"])
        if not message.get("more_body"):
            reader.ended.set()

    serving = asyncio.create_task(api.app(scope, receive, send))
    try:
        yield reader
    finally:
        reader.slow.set()
        reader.gone.set()
        with suppress(asyncio.CancelledError):
            await serving
