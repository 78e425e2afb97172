"""From what a script returns to JSON (features §3.6, rulings: NaN and infinities become null)."""

from __future__ import annotations

import json
import math
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_DEPTH = 512
_TOO_DEEP = f"the result is nested deeper than {MOST_DEPTH} levels, or holds itself"


class InvalidResult(ValueError):
    """What the script returned has no JSON form."""


def encode_result(value: Any) -> bytes:
    """A value as JSON in UTF-8; raises InvalidResult with the reason.

    What changes on the way, such as NaN, is said in a line of the log.
    """
    try:
        text = _dumps(value)
    except (ValueError, TypeError, RecursionError):
        # Something json refuses: NaN, a key that is no string, a circle. Look closer.
        text = _closer(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidResult(
            "the result has half of a surrogate pair in a string, which is not text"
        ) from None


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_simplify)


def _closer(value: Any) -> str:
    try:
        return _dumps(_plain(value, 0, _Notes()))
    except RecursionError:
        raise InvalidResult(_TOO_DEEP) from None


class _Notes:
    """Each kind of change is told once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            print(f"headrace: {text}", file=sys.stderr)


def _plain(value: Any, depth: int, notes: _Notes) -> Any:
    """The same value of nothing but what JSON knows."""
    if depth > MOST_DEPTH:
        raise InvalidResult(_TOO_DEEP)
    if isinstance(value, float) and not math.isfinite(value):
        notes.tell("NaN and infinities in the result became null")
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, dict):
        return {_key(key, notes): _plain(item, depth + 1, notes) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1, notes) for item in value]
    return _plain(_simplify(value), depth + 1, notes)


def _key(key: Any, notes: _Notes) -> str:
    if isinstance(key, str):
        return key
    notes.tell("keys in the result that are no strings became strings")
    if isinstance(key, bool) or key is None:
        return json.dumps(key)
    return str(key)


def _simplify(value: Any) -> Any:
    """One level of something that json does not know."""
    if isinstance(value, bytes | bytearray | memoryview):
        import base64

        return base64.b64encode(value).decode()
    if isinstance(value, set | frozenset) or hasattr(value, "__next__"):
        return list(value)
    kind = type(value)
    if hasattr(kind, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in kind.__dataclass_fields__}
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return value.to_dict("records")  # a data frame
    for method in ("isoformat", "model_dump", "tolist", "to_dict"):
        if hasattr(value, method):
            return getattr(value, method)()
    return value.value if hasattr(kind, "__members__") else _as_text(value)


def _as_text(value: Any) -> str:
    if type(value).__name__ not in ("Decimal", "UUID", "PosixPath", "PurePosixPath"):
        print(f"headrace: {type(value).__name__} has no JSON form; the result has its text", file=sys.stderr)
    return str(value)
