"""JSON answers. Stored JSON goes out as the bytes that came in, so that no number changes."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Response


def encode(value: Any) -> bytes:
    """A value as JSON: instants in ISO 8601, ids as text."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain).encode()


def json_response(value: Any, status_code: int = 200) -> Response:
    """An answer in JSON; ``bytes`` are JSON already."""
    body = value if isinstance(value, bytes) else encode(value)
    return Response(body, status_code, media_type="application/json")


def with_raw(fields: dict[str, Any], raw: dict[str, bytes | None]) -> bytes:
    """An object of ``fields``, plus members whose values are JSON texts; those that are None are left out."""
    parts = [b"%s:%s" % (encode(name), text) for name, text in raw.items() if text is not None]
    head = encode(fields)
    if not parts:
        return head
    return head[:-1] + (b"," if fields else b"") + b",".join(parts) + b"}"


def without_none(**fields: Any) -> dict[str, Any]:
    """The fields that are there: clients take an explicit null of a date or an enum for an error."""
    return {name: value for name, value in fields.items() if value is not None}


def _plain(value: object) -> str:
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case UUID():
            return str(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")
