"""Text, numbers, instants and the like, each from the JSON value that stands for it."""

from __future__ import annotations

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
_FRACTION = re.compile(r"(:\d\d)[.,](\d+)")
_ISO_DURATION = re.compile(
    r"(?P<sign>[+-]?)P(?:(?P<weeks>\d+(?:[.,]\d+)?)W)?(?:(?P<days>\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:[.,]\d+)?)H)?(?:(?P<minutes>\d+(?:[.,]\d+)?)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?"
)
_PYTHON_DURATION = re.compile(
    r"(?:(?P<days>-?\d+) days?, ?)?(?P<hours>\d+):(?P<minutes>\d\d)(?::(?P<seconds>\d\d(?:\.\d+)?))?"
)
_MOST_SHOWN = 60


class Mismatch(Exception):
    """A value that can't be what is asked for: at which place of the arguments, and why."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(place, problem)
        self.place, self.problem = place, problem


def kind_of(value: Any) -> str:
    """What a JSON value is, for a sentence."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    return shown(value)


def shown(value: Any) -> str:
    """A value as a sentence shows it: in Python's form, cut when long."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return json.dumps(value)[:_MOST_SHOWN]
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _string(value: Any, hint: type, place: str) -> Any:
    del hint
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise Mismatch(place, f"{kind_of(value)}, where text is asked for")


def _integer(value: Any, hint: type, place: str) -> Any:
    del hint
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    raise Mismatch(place, f"{kind_of(value)} is not a whole number")


def _number(value: Any, hint: type, place: str) -> Any:
    del hint
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise Mismatch(place, f"{kind_of(value)} is not a number, or too large for one")


def _boolean(value: Any, hint: type, place: str) -> Any:
    del hint
    if isinstance(value, bool):
        return value
    if isinstance(value, str | int) and str(value).lower() in _TRUTHS:
        return _TRUTHS[str(value).lower()]
    raise Mismatch(place, f"{kind_of(value)} is neither true nor false")


def _bytes(value: Any, hint: type, place: str) -> Any:
    import base64

    text = _text(value, place, "bytes are asked for, in base64")
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return hint(base64.b64decode(text, validate=True))
    except ValueError:
        raise Mismatch(place, "bytes are given in base64, and this is not") from None


def _moment(value: Any, hint: Any, place: str) -> Any:
    """A date and time in ISO 8601, in the forms that Python 3.10 does not read, too."""
    text = _text(value, place, "a date and time is asked for")
    return _from_iso(hint.fromisoformat, text, place, "a date and time, such as 2026-01-02T03:04:05Z")


def _date(value: Any, hint: Any, place: str) -> Any:
    import datetime as dt

    text = _text(value, place, "a date is asked for")
    read = dt.datetime.fromisoformat if len(text) > len("2026-01-02") else hint.fromisoformat
    found = _from_iso(read, text, place, "a date, such as 2026-01-02")
    return found.date() if isinstance(found, dt.datetime) else found


def _time(value: Any, hint: Any, place: str) -> Any:
    text = _text(value, place, "a time is asked for")
    return _from_iso(hint.fromisoformat, text, place, "a time, such as 03:04:05")


def _duration(value: Any, hint: Any, place: str) -> Any:
    """Seconds, or ISO 8601 (``PT1H30M``), or as Python prints it (``1 day, 1:30:00``)."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return hint(seconds=value)
        text = _text(value, place, "a duration is asked for").strip()
        match = _ISO_DURATION.fullmatch(text) or _PYTHON_DURATION.fullmatch(text)
        if match is not None and text[-1:] not in "PT":
            parts = match.groupdict()
            sign = -1 if parts.pop("sign", "") == "-" else 1
            return sign * hint(**{k: float(v.replace(",", ".")) for k, v in parts.items() if v})
    except (OverflowError, ValueError):
        pass
    raise Mismatch(place, f"{kind_of(value)} is no duration, such as PT1H30M or a number of seconds")


def _decimal(value: Any, hint: Any, place: str) -> Any:
    """The number as JSON writes it, not the binary fraction near it."""
    try:
        if isinstance(value, int | str) and not isinstance(value, bool):
            return hint(value)
        if isinstance(value, float):
            return hint(repr(value))
    except ArithmeticError:
        pass
    raise Mismatch(place, f"{kind_of(value)} is not a decimal number")


def _uuid(value: Any, hint: Any, place: str) -> Any:
    try:
        return hint(_text(value, place, "a UUID is asked for"))
    except ValueError:
        raise Mismatch(place, f"{shown(value)} is no UUID") from None


def _path(value: Any, hint: Any, place: str) -> Any:
    return hint(_text(value, place, "a path is asked for"))


def _text(value: Any, place: str, wanted: str) -> str:
    if isinstance(value, str):
        return value
    raise Mismatch(place, f"{kind_of(value)}, where {wanted}")


def _from_iso(read: Any, text: str, place: str, what: str) -> Any:
    plain = _FRACTION.sub(lambda found: f"{found[1]}.{found[2][:6]:0<6}", text.strip())
    if plain[-1:] in ("Z", "z"):
        plain = f"{plain[:-1]}+00:00"
    try:
        return read(plain)
    except ValueError:
        raise Mismatch(place, f"{shown(text)} is not {what}") from None


_PATHS = ("Path", "PosixPath", "PurePath", "PurePosixPath")
PLAIN: dict[tuple[str, str], Any] = {
    ("builtins", "str"): _string,
    ("builtins", "int"): _integer,
    ("builtins", "float"): _number,
    ("builtins", "bool"): _boolean,
    ("builtins", "bytes"): _bytes,
    ("builtins", "bytearray"): _bytes,
    ("datetime", "datetime"): _moment,
    ("datetime", "date"): _date,
    ("datetime", "time"): _time,
    ("datetime", "timedelta"): _duration,
    ("decimal", "Decimal"): _decimal,
    ("uuid", "UUID"): _uuid,
    **{(module, name): _path for module in ("pathlib", "pathlib._local") for name in _PATHS},
}
"""By module and name of the class that is asked for: a function of value, class and place."""
