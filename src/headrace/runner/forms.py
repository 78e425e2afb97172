"""The JSON form of values that json does not know; imported for a result that has one."""

from __future__ import annotations

import json
import math
import os
import sys

from .channel import InvalidResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_DEPTH = 512
_TOO_DEEP = f"the result is nested deeper than {MOST_DEPTH} levels, or holds itself"
_DATA_PACKAGES = ("numpy", "pandas", "polars", "pyarrow")
_TEXTS = ("UUID", "PurePath", "_IPAddressBase", "ZoneInfo")
"""Classes of the standard library whose text is all there is to them."""
_METHODS = ("__json__", "model_dump", "to_dict", "isoformat", "tolist")
"""Methods by which objects say what they are, best first."""
_MOST_DIGITS = 4000
_LARGEST_EXPONENT = 300


def dump_anything(value: Any) -> str:
    """A value as JSON text; raises InvalidResult for a circle, or where it is too deep."""
    forms = _Forms()
    try:
        text = _dumps(value, forms)
    except (ValueError, TypeError, RecursionError):
        # NaN, a key that is no string, a circle. Look closer.
        text = _closer(value, forms)
    return forms.with_numbers(text)


def _dumps(value: Any, forms: _Forms) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=forms.simplify)


def _closer(value: Any, forms: _Forms) -> str:
    limit = sys.getrecursionlimit()
    # Each level takes two or three calls, more than Python allows of itself.
    sys.setrecursionlimit(max(limit, 8 * MOST_DEPTH))
    try:
        plain = _plain(value, 0, forms)
    except RecursionError:
        raise InvalidResult(_TOO_DEEP) from None
    finally:
        sys.setrecursionlimit(limit)
    try:
        return json.dumps(plain, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise InvalidResult(f"the result can't be written as JSON: {error}") from None


def _plain(value: Any, depth: int, forms: _Forms) -> Any:
    """The same value of nothing but what JSON knows."""
    if depth > MOST_DEPTH:
        raise InvalidResult(_TOO_DEEP)
    if isinstance(value, float) and not math.isfinite(value):
        return forms.not_a_number()
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, dict):
        return {_key(key, forms): _plain(item, depth + 1, forms) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1, forms) for item in value]
    return _plain(forms.simplify(value), depth + 1, forms)


def _key(key: Any, forms: _Forms) -> str:
    if isinstance(key, str):
        return key
    forms.tell("keys in the result that are no strings became strings")
    if isinstance(key, bool) or key is None:
        return json.dumps(key)
    if hasattr(key, "isoformat"):
        return str(key.isoformat())
    return str(key.value) if hasattr(type(key), "__members__") else str(key)


class _Forms:
    """Forms of the values of one result. What changes on the way is told once for each kind of change."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._iterated: dict[int, tuple[Any, list[Any]]] = {}
        self._mark = ""

    def tell(self, text: str) -> None:
        """Say a change in the log."""
        if text not in self._told:
            self._told.add(text)
            print(f"headrace: {text}", file=sys.stderr)

    def not_a_number(self) -> None:
        """What NaN and infinities become."""
        self.tell("NaN and infinities in the result became null")

    def simplify(self, value: Any) -> Any:
        """One level of something that json does not know."""
        if isinstance(value, (bytes, bytearray, memoryview)):
            import base64

            return base64.b64encode(value).decode()
        kind = type(value)
        if _is_a(value, "decimal", "Decimal"):
            return self._number(value)
        if hasattr(kind, "__members__"):
            return value.value
        if kind.__module__.partition(".")[0] in _DATA_PACKAGES:
            from .data_forms import simplify_data

            found, form = simplify_data(value)
            if found:
                return form
        return self._object(value, kind)

    def with_numbers(self, text: str) -> str:
        """The text with the digits of decimals as numbers, where they stand as marked strings."""
        if not self._mark:
            return text
        import re

        return re.sub(f'"{self._mark}([^"]*)"', r"\1", text)

    def _number(self, value: Any) -> Any:
        """A decimal, digit by digit. json writes no such number, so it is marked and put in afterwards."""
        if not value.is_finite():
            return self.not_a_number()
        if abs(value.adjusted()) > _LARGEST_EXPONENT or len(value.as_tuple().digits) > _MOST_DIGITS:
            self.tell("a decimal too large for readers of JSON became its text")
            return str(value)
        if not self._mark:
            self._mark = f"decimal-{os.urandom(12).hex()}:"
        return self._mark + str(value)

    def _object(self, value: Any, kind: type) -> Any:
        if _is_a(value, "datetime", "timedelta"):
            return _duration(value)
        if (fields := _fields(kind)) is not None:
            return {name: getattr(value, name) for name in fields}
        if hasattr(kind, "__fields__") and hasattr(kind, "dict") and not hasattr(kind, "model_dump"):
            return value.dict()  # pydantic 1
        if hasattr(kind, "to_dict") and hasattr(value, "columns"):
            return value.to_dict("records")  # a data frame of a package that looks as pandas does
        if method := next((name for name in _METHODS if callable(getattr(kind, name, None))), None):
            return getattr(value, method)()
        return self._container(value, kind)

    def _container(self, value: Any, kind: type) -> Any:
        if isinstance(value, BaseException):
            return {"name": kind.__name__, "message": str(value)}
        if hasattr(kind, "keys") and hasattr(kind, "__getitem__"):
            return {key: value[key] for key in value.keys()}  # noqa: SIM118 - it may iterate over values
        if hasattr(kind, "__next__"):
            # It can be gone through once, and this may be asked for its form twice.
            return self._iterated.setdefault(id(value), (value, []))[1] or self._gone_through(value)
        if hasattr(kind, "__iter__") and not any(base.__name__ in _TEXTS for base in kind.__mro__):
            return list(value)
        if not any(base.__name__ in _TEXTS for base in kind.__mro__):
            self.tell(f"{kind.__name__} has no JSON form; the result has its text")
        return str(value)

    def _gone_through(self, value: Any) -> list[Any]:
        items = self._iterated[id(value)][1]
        items.extend(value)
        return items


def _is_a(value: Any, module: str, name: str) -> bool:
    """Whether it is an instance of a class whose module need not have been imported."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(value, getattr(loaded, name))


def _fields(kind: Any) -> list[str] | None:
    """Names of the fields of a dataclass, or of a class of attrs or msgspec."""
    if hasattr(kind, "__dataclass_fields__"):
        import dataclasses

        return [field.name for field in dataclasses.fields(kind)]
    if hasattr(kind, "__attrs_attrs__"):
        return [field.name for field in kind.__attrs_attrs__]
    return list(kind.__struct_fields__) if hasattr(kind, "__struct_fields__") else None


def _duration(value: Any) -> str:
    """A timedelta in ISO 8601, such as ``P1DT2H3M4.5S``."""
    if hasattr(value, "isoformat"):
        return value.isoformat()  # pandas': to the nanosecond
    microseconds = (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds
    seconds, fraction = divmod(abs(microseconds), 1_000_000)
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    text = f"{seconds}.{fraction:06}".rstrip("0").rstrip(".") if fraction else str(seconds)
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if text != "0" or not (days or time):
        time += f"{text}S"
    return f"{'-' if microseconds < 0 else ''}P{f'{days}D' if days else ''}{f'T{time}' if time else ''}"
