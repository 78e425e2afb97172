"""Headers that every answer carries, unless its route knows better."""

from __future__ import annotations

from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]

_SAFE: Headers = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]


def with_safe_headers(given: Iterable[tuple[bytes, bytes]], *more: tuple[bytes, bytes]) -> Headers:
    """The headers of an answer, ``more``, and those of the safe ones that the answer does not set itself."""
    headers = [*given, *more]
    names = {name for name, _ in headers}
    return headers + [header for header in _SAFE if header[0] not in names]
