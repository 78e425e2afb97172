"""Request bodies: bounded, and JSON that is checked once."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headrace.api.arguments.content_type import content_type
from headrace.errors import InvalidInput, TooLarge, UnknownEncoding
from headrace.model.json_text import parse_json


class CheckedRequest(Request):
    """A request whose JSON has passed the one check at the door."""

    checked: Any = None

    async def json(self) -> Any:
        """What CheckedRoute has found in the body."""
        return self.checked


class CheckedRoute(APIRoute):
    """A route that checks its body before the framework looks at it, which would hide what is wrong."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's handler."""
        handler = super().get_route_handler()
        has_model = self.body_field is not None

        async def checked(request: Request) -> Response:
            request = CheckedRequest(request.scope, request.receive)
            if has_model and (data := await request.body()):
                _require_json(request)
                request.checked = parse_json(data, "body", unique=True)
            return await handler(request)

        return checked


# Files go to the blob store as they come, and whoever takes them there counts them.
_HAS_OWN_LIMIT = re.compile(r"/api/w/[^/]+/job_helpers/upload_s3_file")


class BodyLimit:
    """Refuses bodies beyond a limit: at once where their length is told, else while they are read.

    Files have a limit of their own.
    """

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting what it sends; raises TooLarge into whoever reads it."""
        if scope["type"] != "http" or _HAS_OWN_LIMIT.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        received = 0
        told = _told_length(scope)

        async def limited() -> Message:
            nonlocal received
            if told > self._most_bytes:
                raise self._too_large()
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most_bytes:
                raise self._too_large()
            return message

        await self._app(scope, limited, send)

    def _too_large(self) -> TooLarge:
        return TooLarge(f"body: is larger than {self._most_bytes // 1024**2} MB (setting body_limit_mb)")


def check_encoding(scope: Scope) -> None:
    """Refuse compressed bodies: no client sends any, and a small one can become a huge one."""
    for name, value in scope["headers"]:
        if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise UnknownEncoding("Content-Encoding: send the body as it is, not compressed")


def _told_length(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0


def _require_json(request: Request) -> None:
    """Refuse what a form of a foreign page can send; no content type at all is fine."""
    if not content_type(request).is_json:
        raise InvalidInput("Content-Type", "must be application/json")
