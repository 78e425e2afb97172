"""What stands for a function and its arguments where results are kept for the next call."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal

_REFERENCES = ('"$var:', '"$res:')


def cache_key(entry: str | None, args: bytes) -> bytes | None:
    """32 bytes, the same for the same arguments however they are written; None where no result may be kept.

    That is where arguments refer to variables or resources: what those hold may change at any time. Numbers
    with a fraction count as different unless their digits are the same, because arguments may become exact
    decimals.
    """
    text = json.dumps(
        json.loads(args, parse_float=Decimal), sort_keys=True, separators=(",", ":"), default=_exact
    )
    if any(reference in text for reference in _REFERENCES):
        return None
    return hashlib.sha256(f"{entry or ''}\n{text}".encode()).digest()


def _exact(number: object) -> dict[str, str]:
    """A Decimal as what no argument can be: NUL is refused in them."""
    return {"\0": str(number)}
