"""Requests to the application itself, without a client in between: thousands of them have to be cheap."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body of an answer."""

    status: int
    headers: dict[str, str]
    text: str


async def ask(
    app: FastAPI,
    method: str,
    address: str,
    token: str | None,
    body: bytes = b"",
    kind: str = "application/json",
    more_headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send a request, and hang up once an answer that has no end has begun."""
    path, _, query = address.partition("?")
    headers = [(b"host", b"test"), (b"content-length", str(len(body)).encode())]
    if body:
        headers.append((b"content-type", kind.encode()))
    if token is not None:
        headers.append((b"authorization", f"Bearer {token}".encode()))
    headers += [(name.encode(), value.encode()) for name, value in (more_headers or {}).items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote(path), "raw_path": quote(path, safe="/%").encode(), "query_string": query.encode(),
        "root_path": "", "headers": headers, "client": ("127.0.0.1", 1), "server": ("test", 80),
    }  # fmt: skip
    begun, given = asyncio.Event(), False
    answer: list[dict[str, Any]] = []

    def is_endless() -> bool:
        return (b"content-type", b"text/event-stream") in [
            (name, value[:17]) for name, value in answer[0]["headers"]
        ]

    async def receive() -> dict[str, Any]:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        await begun.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        answer.append(message)
        if message["type"] == "http.response.body" and (not message.get("more_body") or is_endless()):
            begun.set()

    await app(scope, receive, send)  # pyright: ignore[reportArgumentType] - the server's side of ASGI
    found = {name.decode(): value.decode() for name, value in answer[0]["headers"]}
    text = b"".join(message.get("body", b"") for message in answer[1:]).decode("utf-8", "replace")
    return Answer(answer[0]["status"], found, text)
