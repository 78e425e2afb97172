"""A call from outside, as the event that a script's preprocessor is given (features §3.11)."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from headrace.model.json_text import parse_object

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
_SECRET_QUERY = frozenset({"token"})
_OWN_CLIENT = "x-windmill-client"
"""Header by which the public command line marks its calls: somebody gives the arguments of ``main`` there."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A request that starts a job. ``is_external`` is False where a person's tool says that it sent it."""

    body: bytes
    query: dict[str, str]
    headers: dict[str, str]
    is_external: bool

    def with_body(self, body: bytes) -> Webhook:
        """The same call with a body that came by another way."""
        return dataclasses.replace(self, body=body)

    def event(self) -> bytes:
        """``{"kind": "webhook", "body", "raw_string", "query", "headers"}``, without credentials.

        ``body`` is JSON as it came, null where there was none; a name that is repeated has its last value.
        """
        text = self.body.decode()
        fields = {
            "raw_string": text,
            "query": {name: value for name, value in self.query.items() if name not in _SECRET_QUERY},
            "headers": {name: value for name, value in self.headers.items() if name not in _SECRET_HEADERS},
        }
        body = self.body if text.strip() else b"null"
        event = b'{"kind": "webhook", "body": ' + body + b", " + json.dumps(fields).encode()[1:]
        parse_object(event, "event")
        return event


async def _webhook(request: Request) -> Webhook:
    return Webhook(
        body=await request.body(),
        query=dict(request.query_params),
        headers=dict(request.headers),
        is_external=_OWN_CLIENT not in request.headers,
    )


Call = Annotated[Webhook, Depends(_webhook)]
"""The request, in case that a preprocessor wants it."""
