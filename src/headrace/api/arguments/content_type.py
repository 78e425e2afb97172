"""What a body says it is, in its ``Content-Type``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_multipart.multipart import parse_options_header

from headrace.errors import InvalidInput

if TYPE_CHECKING:
    from fastapi import Request

_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})


@dataclass(frozen=True, slots=True)
class ContentType:
    """A type without its parameters, in lower case, and the boundary where it has one."""

    kind: str
    boundary: bytes | None = None

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON of any kind."""
        is_kind_of_json = self.kind.startswith("application/") and self.kind.endswith("+json")
        return self.kind == "application/json" or is_kind_of_json

    @property
    def is_text(self) -> bool:
        """Whether the body is text for people or XML."""
        return self.kind.startswith("text/") or self.kind == "application/xml" or self.kind.endswith("+xml")


def content_type(request: Request) -> ContentType:
    """The type of a request's body: JSON unless it says otherwise.

    Raises InvalidInput for a character set other than UTF-8, whose texts would come out as others.
    """
    header = request.headers.get("content-type", "application/json")
    kind, options = parse_options_header(header)
    charset = options.get(b"charset", b"utf-8").decode("latin-1").lower()
    if charset not in _CHARSETS:
        raise InvalidInput("Content-Type", f"charset must be utf-8, not {charset[:50]!a}")
    return ContentType(kind.decode("latin-1").strip().lower(), options.get(b"boundary"))
