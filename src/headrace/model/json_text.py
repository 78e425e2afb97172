"""The one check that every JSON text passes on its way in: requests, results, files.

What comes in is kept as the bytes that came; this says whether they may be. Refused are what breaks
PostgreSQL, browsers or other readers later (NUL, lone surrogates, NaN, numbers of absurd size, absurd
depth), each with a sentence.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from headrace.errors import InvalidInput

MOST_DEPTH = 512
MOST_DIGITS = 4000
LARGEST_EXPONENT = 308
SMALLEST_EXPONENT = -324

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_KEY = re.compile(r'[\s,]*("(?:[^"\\]|\\.)*")\s*:\s*')
_BETWEEN = re.compile(r"[\s,]*")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+")
_MAY_BE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def parse_json(data: bytes, field: str, *, unique: bool = False) -> Any:
    """Parse a JSON text in UTF-8 and check it; raises InvalidInput naming ``field``.

    Of a name that stands twice in an object the last value counts; with ``unique`` it is refused.
    """
    return parse_json_text(decode_text(data, field), field, unique=unique)


def decode_text(data: bytes, field: str) -> str:
    """UTF-8 as text; raises InvalidInput naming ``field``."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(field, f"is not valid UTF-8 at byte {error.start}") from None


def parse_json_text(text: str, field: str, *, unique: bool = False) -> Any:
    """Like ``parse_json``, for text that has been decoded."""
    try:
        value = (_UNIQUE_DECODER if unique else _DECODER).decode(text)
    except _Refused as error:
        raise InvalidInput(field, str(error)) from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidInput(field, f"is not valid JSON: {error.msg} ({place})") from None
    except RecursionError:
        raise InvalidInput(field, _TOO_DEEP) from None
    _check_contents(text, value, field)
    return value


def parse_object(data: bytes, field: str, *, unique: bool = False) -> dict[str, Any]:
    """Like ``parse_json``, for what has to be an object."""
    value = parse_json(data, field, unique=unique)
    if not isinstance(value, dict):
        raise InvalidInput(field, f"must be a JSON object, not {_KINDS.get(type(value), 'null')}")
    return value


def raw_member(data: bytes, name: str) -> bytes | None:
    """The value of one member of a JSON object, as the text it came as; None where it is missing.

    For what has passed ``parse_object``: to parse and print it again would change numbers.
    """
    found: str | None = None
    for key, value in _members(data.decode("utf-8")):
        if key == name:  # of a repeated name the last one counts, as in parsing
            found = value
    return None if found is None else found.encode()


def raw_members(data: bytes) -> dict[str, bytes]:
    """All members of a JSON object, each as the text it came as; of a repeated name the last one."""
    return {key: value.encode() for key, value in _members(data.decode("utf-8"))}


def raw_item(data: bytes, index: int) -> bytes | None:
    """The same for one item of a JSON array, from 0; None where there are not so many."""
    text = data.decode("utf-8")
    position = text.index("[") + 1
    while True:
        start = _BETWEEN.match(text, position).end()  # pyright: ignore[reportOptionalMemberAccess] - it may be empty
        if text[start] == "]":
            return None
        _, position = _DECODER.raw_decode(text, start)
        if index == 0:
            return text[start:position].encode()
        index -= 1


def with_members(data: bytes, more: dict[str, bytes]) -> bytes:
    """A JSON object with more members, whose values are JSON texts; they take the place of its own."""
    if any(_may_have(data, name) for name in more):
        return _joined(raw_members(data) | more)
    # Taking a large object apart takes longer than all else that is done with it.
    inner = data.strip()[1:-1].strip()
    if not more:
        return data
    return b"{%s, %s" % (inner, _joined(more)[1:]) if inner else _joined(more)


def _may_have(data: bytes, name: str) -> bool:
    if not _PLAIN_NAME.fullmatch(name) or b"\\u" in data:
        return True
    return to_json(name) in data


def _joined(members: dict[str, bytes]) -> bytes:
    return b"{" + b", ".join(b"%s: %s" % (to_json(name), value) for name, value in members.items()) + b"}"


def to_json(value: Any) -> bytes:
    """A value of our own as a JSON text."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def _members(text: str) -> Iterator[tuple[str, str]]:
    position = text.index("{") + 1
    while (key := _KEY.match(text, position)) is not None:
        _, position = _PASSING.raw_decode(text, key.end())
        yield (json.loads(key[1]) if "\\" in key[1] else key[1][1:-1]), text[key.end() : position]


class _Refused(ValueError):
    pass


_TOO_DEEP = f"is nested deeper than {MOST_DEPTH} levels"
_KINDS = {list: "an array", str: "a string", int: "a number", float: "a number", bool: "a boolean"}


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise _Refused(f"has a number of {len(digits)} digits; the most is {MOST_DIGITS}")
    return int(digits)


def _float(digits: str) -> float:
    if len(digits) > MOST_DIGITS:
        raise _Refused(f"has a number of {len(digits)} digits; the most is {MOST_DIGITS}")
    _, _, exponent = digits.lower().partition("e")
    if exponent and not SMALLEST_EXPONENT <= int(exponent) <= LARGEST_EXPONENT:
        most = f"{SMALLEST_EXPONENT} to {LARGEST_EXPONENT} can be read everywhere"
        raise _Refused(f"has a number with exponent {exponent[:10]}; {most}")
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise _Refused("has a number too large for JSON readers")
    return number


def _constant(name: str) -> float:
    raise _Refused(f"has {name}, which is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise _Refused(f"has the name {twice[:50]!a} twice in one object")
    return members


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_constant)
_PASSING = json.JSONDecoder()
_UNIQUE_DECODER = json.JSONDecoder(
    parse_int=_integer, parse_float=_float, parse_constant=_constant, object_pairs_hook=_unique
)


def _check_contents(text: str, value: Any, field: str) -> None:
    """Look for what can't be stored, by cheap signs first: most texts have none of them."""
    if "\\u0000" in text and _any_string(value, lambda string: "\x00" in string):
        raise InvalidInput(field, "has a NUL character (\\u0000) in a string, which can't be stored")
    may_be_surrogate = _MAY_BE_SURROGATE.search(text) is not None
    if may_be_surrogate and _any_string(value, lambda string: _SURROGATE.search(string) is not None):
        raise InvalidInput(field, "has half of a surrogate pair in a string, which is not Unicode text")
    if text.count("[") + text.count("{") > MOST_DEPTH and _depth(value) > MOST_DEPTH:
        raise InvalidInput(field, _TOO_DEEP)


def _any_string(value: Any, is_bad: Callable[[str], bool]) -> bool:
    todo = [value]
    while todo:
        match todo.pop():
            case str() as string:
                if is_bad(string):
                    return True
            case list() as items:
                todo.extend(items)
            case dict() as items:
                todo.extend(items.keys())
                todo.extend(items.values())
            case _:
                pass
    return False


def _depth(value: Any) -> int:
    level: list[Any] = [value]
    depth = 0
    while level:
        containers = [item for item in level if isinstance(item, list | dict)]
        depth += bool(containers)
        level = [
            child for item in containers for child in (item.values() if isinstance(item, dict) else item)
        ]
    return depth
