"""URLs: refused where they hold what no text of ours may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote_to_bytes

from headrace.errors import InvalidInput

if TYPE_CHECKING:
    from starlette.types import Scope


def check_url(scope: Scope) -> None:
    """Refuse a URL with a NUL character, or with bytes that are not UTF-8, in path or query.

    Frameworks replace such bytes silently, so that two different URLs would name the same thing.
    """
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    _check_text(unquote_to_bytes(raw_path), "path")
    query: bytes = scope["query_string"]
    if not query:
        return
    if not query.isascii():
        raise InvalidInput("query", "has characters that must be percent-encoded")
    # Decoded as Latin-1, each character is one byte of what was sent.
    for name, value in parse_qsl(query.decode("ascii"), keep_blank_values=True, encoding="latin-1"):
        _check_text(name.encode("latin-1"), "query", "a name in it ")
        _check_text(value.encode("latin-1"), name)


def _check_text(data: bytes, field: str, what: str = "") -> None:
    if b"\x00" in data:
        raise InvalidInput(field, f"{what}has a NUL character, which can't be stored")
    try:
        data.decode()
    except UnicodeDecodeError:
        raise InvalidInput(field, f"{what}is not valid UTF-8") from None
