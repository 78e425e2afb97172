"""Request bodies: bounded, and JSON that is checked once."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headrace.errors import InvalidInput, TooLarge
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
                request.checked = parse_json(data, "body")
            return await handler(request)

        return checked


# Files go to the blob store as they come, and whoever takes them there counts them.
_HAS_OWN_LIMIT = re.compile(r"/api/w/[^/]+/job_helpers/upload_s3_file")


class BodyLimit:
    """Refuses bodies beyond a limit, before they have been read whole; files have a limit of their own."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting what it sends; raises TooLarge into whoever reads it."""
        if scope["type"] != "http" or _HAS_OWN_LIMIT.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most_bytes:
                raise TooLarge(
                    f"body: is larger than {self._most_bytes // 1024**2} MB (setting body_limit_mb)"
                )
            return message

        await self._app(scope, limited, send)


def _require_json(request: Request) -> None:
    """Refuse what a form of a foreign page can send; no content type at all is fine."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise InvalidInput("Content-Type", "must be application/json")


async def _read_arguments(request: Request) -> bytes:
    data = await request.body()
    if not data.strip():
        return b"{}"
    value = parse_json(data, "body")
    if value is None:
        return b"{}"
    # What is no object becomes the argument `body` (features J21).
    return data if isinstance(value, dict) else b'{"body":' + data + b"}"


Arguments = Annotated[bytes, Depends(_read_arguments)]
"""The body of a run route as a JSON object in UTF-8, as it came; an empty one and null mean no arguments."""

TAKES_ARGUMENTS = {
    "requestBody": {
        "description": "The arguments, by name. What is no object becomes the argument `body`.",
        "content": {"application/json": {"schema": {"type": "object", "additionalProperties": True}}},
    }
}
"""What OpenAPI says about the body of a route with ``Arguments``."""
