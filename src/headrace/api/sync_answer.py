"""A job's result as the answer to a call that waited for it (features §2.8).

An object may set status, content type and headers of the answer; its ``result`` is the body then. What a
script returns is not ours: no browser may take it for a page of this installation.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from fastapi import Response

from headrace.errors import UnusableResult
from headrace.model.json_text import raw_members
from headrace.model.outcome import Status

STATUS_KEY = "windmill_status_code"
CONTENT_TYPE_KEY = "windmill_content_type"
HEADERS_KEY = "windmill_headers"
MOST_HEADERS = 50
MOST_HEADER_CHARACTERS = 8192

_KEYS = (STATUS_KEY, CONTENT_TYPE_KEY, HEADERS_KEY)
_JSON = "application/json"
_SANDBOX = {"content-security-policy": "sandbox", "x-content-type-options": "nosniff"}
_WORD = r"[!#$&^.+\w-]+"
_TYPE = re.compile(rf"{_WORD}/{_WORD}(?:[ ]*;[ ]*{_WORD}=(?:{_WORD}|\"[ !#-~]*\"))*", re.ASCII)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"(?:[!-~]+(?:[ \t]+[!-~]+)*)?")
_OURS = frozenset(
    {
        # between two ends of one connection
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade", "content-length", "content-encoding", "date", "server",
        # what would speak for this installation to a browser
        "set-cookie", "set-cookie2", "clear-site-data", "service-worker-allowed", "strict-transport-security",
        "access-control-allow-credentials", "alt-svc", "nel", "report-to", "reporting-endpoints",
        "x-request-id", *_SANDBOX,
    }
)  # fmt: skip
"""Headers that a script can't set."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as a result tells it to be. ``body`` is JSON, None where there is none."""

    status_code: int = 200
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None


def answer_with(status: Status, result: bytes) -> Response:
    """The answer that a result gives, an error's like any other. Raises UnusableResult."""
    told = read_told(result) if status in (Status.SUCCESS, Status.SKIPPED) else None
    told = told or Told(body=result)
    headers = told.headers | _SANDBOX
    if told.body is None or told.status_code in (204, 205, 304):
        return Response(b"", told.status_code, headers, told.content_type)
    if told.content_type is None:
        return Response(told.body, told.status_code, headers, _JSON)
    # Written as it is: the response would add a character set of its own to a text.
    return Response(_plain(told.body), told.status_code, headers | {"content-type": told.content_type})


def read_told(result: bytes) -> Told | None:
    """What a result says about its answer; None where it says nothing. Raises UnusableResult."""
    if b'"windmill_' not in result or not result.lstrip().startswith(b"{"):
        return None
    members = raw_members(result)
    told: dict[str, Any] = {key: json.loads(members[key]) for key in _KEYS if key in members}
    if not told:
        return None
    return Told(
        _status_code(told.get(STATUS_KEY)),
        _content_type(told.get(CONTENT_TYPE_KEY)),
        _headers(told.get(HEADERS_KEY)),
        members.get("result"),
    )


def _status_code(asked: Any) -> int:
    if asked is None:
        return 200
    if type(asked) is not int or not 200 <= asked <= 599:
        raise _unusable(STATUS_KEY, "must be a whole number from 200 to 599", asked)
    return asked


def _content_type(asked: Any) -> str | None:
    if asked is None:
        return None
    if not isinstance(asked, str) or len(asked) > 200 or not _TYPE.fullmatch(asked):
        raise _unusable(CONTENT_TYPE_KEY, "must be a media type, such as text/csv", asked)
    return asked


def _headers(asked: Any) -> dict[str, str]:
    if asked is None:
        return {}
    if not isinstance(asked, dict) or len(asked) > MOST_HEADERS:
        raise _unusable(HEADERS_KEY, f"must be an object of at most {MOST_HEADERS} headers", asked)
    headers: dict[str, str] = {}
    for name, value in asked.items():
        lower = str(name).lower()
        if not _NAME.fullmatch(str(name)) or lower in headers:
            raise _unusable(HEADERS_KEY, "has a name that no header can have, or one twice", name)
        if lower == "content-type":
            raise _unusable(HEADERS_KEY, f"can't set it; {CONTENT_TYPE_KEY} can", name)
        if lower in _OURS:
            raise _unusable(HEADERS_KEY, "can't set this header", name)
        headers[lower] = _header(value)
    if sum(len(name) + len(value) for name, value in headers.items()) > MOST_HEADER_CHARACTERS:
        raise UnusableResult(f"{HEADERS_KEY} in the result: is longer than {MOST_HEADER_CHARACTERS}")
    return headers


def _header(value: Any) -> str:
    text = str(value) if type(value) in (int, float) else value
    if not isinstance(text, str) or not _VALUE.fullmatch(text):
        raise _unusable(HEADERS_KEY, "has a value that is no text of printable ASCII in one line", value)
    return text


def _plain(body: bytes) -> bytes:
    """A text as it is, anything else as JSON."""
    value = json.loads(body) if body.lstrip().startswith(b'"') else None
    return value.encode() if isinstance(value, str) else body


def _unusable(key: str, rule: str, asked: Any) -> UnusableResult:
    return UnusableResult(f"{key} in the result: {rule}, not {json.dumps(asked)[:60]}")
