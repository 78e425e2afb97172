"""HTTP on a connection: what uvicorn leaves open is bounded here, so that slow or endless senders end.

Within ``HEAD_SECONDS`` the head of a request must be there, and a body must keep coming. Whoever fails is
answered 408, 431 or 400 and hung up on.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = logging.getLogger(__name__)

HEAD_SECONDS = 10.0
"""From the first byte of a request, or the opening of a connection, to the end of its head."""
BODY_SECONDS = 30.0
"""In each such time a body must grow by LEAST_BODY_BYTES, while we read it."""
LEAST_BODY_BYTES = 1000
LINGER_SECONDS = 10.0
"""How long the rest of a body is read and dropped that was refused before its end."""
MOST_HEADERS = 200
MOST_HEAD_BYTES = 64 * 1024


class PatientHttp(HttpToolsProtocol):
    """One connection of a client."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._is_in_head = False
        self._is_in_body = False
        self._head_bytes = 0
        self._body_bytes = 0
        self._refusal = HTTPStatus.BAD_REQUEST

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._keep_time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on. Most requests come in one piece, and no timer is made for them."""
        was_in_head = self._is_in_head
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._is_in_head and was_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
                return
        self._keep_time()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._is_in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """Its head is there, and its body comes, if there is one."""
        self._stop_timer()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if len(self.headers) > MOST_HEADERS or size > MOST_HEAD_BYTES:
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise ValueError("the head is too large")  # out of the parser, which has us refuse it
        self._is_in_head, self._is_in_body = False, True
        self._body_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The whole request is there."""
        self._is_in_body = False
        self._stop_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It has been answered, perhaps before its end."""
        super().on_response_complete()
        if self._is_in_body and self._is_idle() and not self.transport.is_closing():
            self._stop_timer()
            self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - ours says more
        """Refuse what can't be parsed, or was refused while it was parsed."""
        self._refuse(self._refusal)

    def _is_idle(self) -> bool:
        return not self.cycle or self.cycle.response_complete

    def _keep_time(self) -> None:
        """Have a timer while something is to come: a head, also where what came is no beginning of one."""
        if self._timer is not None:
            return
        if self._is_in_body:
            self._await_body()
        elif self._is_in_head or self._is_idle():
            self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, HTTPStatus.REQUEST_TIMEOUT)

    def _await_body(self) -> None:
        self._timer = self.loop.call_later(BODY_SECONDS, self._look_at_body, self._body_bytes)

    def _look_at_body(self, before: int) -> None:
        if self.flow.read_paused or self._body_bytes - before >= LEAST_BODY_BYTES:
            self._await_body()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: HTTPStatus) -> None:
        self._stop_timer()
        if self.transport.is_closing():
            return
        number = secrets.token_hex(8)
        log.info("request %s: %d %s", number, status, status.phrase)
        if self._is_idle() or not self.cycle.response_started:
            body = f"{status.phrase}: {status.description}".encode()
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
                f"content-length: {len(body)}\r\nx-request-id: {number}\r\n"
                "x-content-type-options: nosniff\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()
