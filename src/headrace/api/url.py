"""URLs: refused where they hold what no text of ours may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote_to_bytes

from fastapi.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class CleanUrl:
    """Answers 400 to a URL with a NUL character, or with bytes that are not UTF-8, in path or query.

    Frameworks replace such bytes silently, so that two different URLs would name the same thing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        problem = _problem(scope) if scope["type"] == "http" else None
        if problem is None:
            await self._app(scope, receive, send)
        else:
            await PlainTextResponse(problem, 400)(scope, receive, send)


def _problem(scope: Scope) -> str | None:
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    if (problem := _problem_of_text(unquote_to_bytes(raw_path))) is not None:
        return f"path: {problem}"
    query: bytes = scope["query_string"]
    if not query.isascii():
        return "query: has characters that must be percent-encoded"
    # Decoded as Latin-1, each character is one byte of what was sent.
    for name, value in parse_qsl(query.decode("ascii"), keep_blank_values=True, encoding="latin-1"):
        if (problem := _problem_of_text(name.encode("latin-1"))) is not None:
            return f"query: a name in it {problem}"
        if (problem := _problem_of_text(value.encode("latin-1"))) is not None:
            return f"{name}: {problem}"
    return None


def _problem_of_text(data: bytes) -> str | None:
    if b"\x00" in data:
        return "has a NUL character, which can't be stored"
    try:
        data.decode()
    except UnicodeDecodeError:
        return "is not valid UTF-8"
    return None
