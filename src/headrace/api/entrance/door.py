"""What every request passes first, and every answer last.

A request gets an id and is checked; an answer gets that id and safe headers; a refusal or failure is logged
once, and what nobody caught becomes an answer here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from headrace.api.entrance.headers import with_safe_headers
from headrace.api.entrance.trail import REQUEST_ID, begin_trail
from headrace.api.errors import failure, refusal
from headrace.errors import HeadraceError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from headrace.api.entrance.trail import Trail

log = logging.getLogger(__name__)

Check = Callable[["Scope"], None]
"""Looks at a request before anything else does; raises a HeadraceError to refuse it."""


class Door:
    """The outermost part of the application."""

    def __init__(self, app: ASGIApp, checks: Sequence[Check]) -> None:
        self._app = app
        self._checks = checks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; raises nothing but what ends the process."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trail = begin_trail(scope)

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                trail.status = message["status"]
                message["headers"] = with_safe_headers(message["headers"], (REQUEST_ID, trail.id.encode()))
            await send(message)

        try:
            for check in self._checks:
                check(scope)
            await self._app(scope, receive, send_on)
        except Exception as error:  # noqa: BLE001 - the edge of a request
            await _answer(error, trail, scope, receive, send_on)
        trail.tell()


async def _answer(error: Exception, trail: Trail, scope: Scope, receive: Receive, send: Send) -> None:
    # Of a deliberate error in the middle of an answer, the framework makes one of its own.
    deliberate = next((item for item in (error, error.__cause__) if isinstance(item, HeadraceError)), None)
    if trail.status:
        # The answer has begun, so its end is missing, which the client notices.
        trail.status, trail.reason = 500, f"cut in the middle: {deliberate or type(error).__name__}"
    elif deliberate is not None:
        await refusal(scope, deliberate)(scope, receive, send)
    else:
        await failure(scope)(scope, receive, send)
    if deliberate is None:
        log.error("request %s failed", trail.id, exc_info=error)
