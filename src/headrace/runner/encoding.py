"""From what a script returns to JSON (features §3.6, rulings: NaN and infinities become null)."""

from __future__ import annotations

import json

from .channel import InvalidResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def encode_result(value: Any) -> bytes:
    """A value as JSON in UTF-8; raises InvalidResult with the reason.

    What changes on the way, such as NaN, is said in a line of the log.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        # Something that json does not know, or refuses. Most results never come here.
        from .forms import dump_anything

        text = dump_anything(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidResult(
            "the result has half of a surrogate pair in a string, which is not text"
        ) from None
