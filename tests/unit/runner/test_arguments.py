from __future__ import annotations

import enum
import functools
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union

import pytest

from headrace import runner
from headrace.runner.arguments import ArgumentError, call_with, convert_arguments


class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


@dataclass
class Point:
    x: float
    when: date | None = None


def made_of(hint: Any) -> Any:
    """A function whose parameter ``value`` has a hint."""

    def main(value):
        return value

    main.__annotations__["value"] = hint
    return main


@pytest.mark.parametrize(
    ("hint", "given", "wanted"),
    [
        (bytes, "w6k=", "é".encode()),
        (bytes, "data:text/plain;base64,w6k=", "é".encode()),
        (datetime, "2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (date, "2026-01-02", date(2026, 1, 2)),
        (date, "2026-01-02T03:04:05Z", date(2026, 1, 2)),
        (time, "03:04", time(3, 4)),
        (int, "12", 12),
        (float, "1.5", 1.5),
        (float, 3, 3.0),
        (bool, "true", True),
        (str, "12", "12"),
        (Optional[date], None, None),  # noqa: UP045 - people write it
        (date | None, "2026-01-02", date(2026, 1, 2)),
        (Union[int, str], "12", "12"),  # noqa: UP007 - people write it
        (int | bytes, "w6k=", "é".encode()),
        (Literal["a", "b"], "a", "a"),
        (Annotated[int, "of something"], "3", 3),
        (list[date], ["2026-01-02"], [date(2026, 1, 2)]),
        (tuple[int, ...], ["1", 2], (1, 2)),
        (dict[str, bytes], {"a": "w6k="}, {"a": "é".encode()}),
        (Colour, "red", Colour.RED),
        (Colour, "BLUE", Colour.BLUE),
        (Point, {"x": 1, "when": "2026-01-02", "unknown": 1}, Point(1.0, date(2026, 1, 2))),
        (dict, {"a": 1}, {"a": 1}),
        (Any, [1], [1]),
    ],
)
def test_a_value_becomes_what_its_parameter_asks_for(hint: Any, given: Any, wanted: Any):
    converted = convert_arguments(made_of(hint), {"value": given})["value"]
    assert converted == wanted
    assert type(converted) is type(wanted)


@pytest.mark.parametrize(
    ("hint", "given"),
    [
        (bytes, "not base64!"),
        (datetime, "yesterday"),
        (int, "many"),
        (bool, "maybe"),
        (Colour, "green"),
        (int | date, "neither"),
        (tuple[int, int], [1]),
    ],
)
def test_a_value_that_can_not_be_that_is_refused_by_name(hint: Any, given: Any):
    with pytest.raises(ArgumentError, match=r"^value: "):
        convert_arguments(made_of(hint), {"value": given})


def test_keys_that_main_does_not_know_are_left_out_unless_it_takes_any():
    def narrow(a): ...

    def wide(a, **others): ...

    given = {"a": 1, "b": 2}
    assert convert_arguments(narrow, given) == {"a": 1}
    assert convert_arguments(wide, given) == given


def test_what_is_missing_is_named_and_defaults_stay_with_python():
    def main(a, b=1, *, c, d=2): ...

    with pytest.raises(ArgumentError, match="a, c: required"):
        convert_arguments(main, {"b": 3})
    assert convert_arguments(main, {"a": 1, "c": 2}) == {"a": 1, "c": 2}


def test_what_is_no_plain_function_is_asked_for_its_signature():
    class Main:
        def __call__(self, a, b=1): ...

    assert convert_arguments(Main(), {"a": 1, "x": 2}) == {"a": 1}


def test_what_takes_none_need_not_be_given():
    def main(a: int | None, b: str | None, c: Annotated[Literal["x"] | None, "c"], *, d): ...

    given = {"a": None, "b": None, "c": None, "d": 1}
    assert convert_arguments(main, {"d": 1}) == given
    with pytest.raises(ArgumentError, match=r"^d: required"):
        convert_arguments(main, {})


def test_positional_only_parameters_are_given_by_their_position():
    def main(a: int, b=2, /, c=3, *, d=4):
        return a, b, c, d

    assert call_with(main, convert_arguments(main, {"a": "1", "d": 5})) == (1, 2, 3, 5)
    assert call_with(main, convert_arguments(main, {"a": 1, "b": 0, "c": 7})) == (1, 0, 7, 4)


def test_any_key_is_converted_as_its_annotation_asks():
    def main(a, *rest, **others: int): ...

    assert convert_arguments(main, {"a": "1", "b": "2"}) == {"a": "1", "b": 2}
    with pytest.raises(ArgumentError, match=r"^b: 'x' is not a whole number$"):
        convert_arguments(main, {"a": 1, "b": "x"})


def test_a_decorated_function_is_asked_for_what_it_wraps():
    def decorator(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)

        return wrapper

    @decorator
    def main(a: int, b: date = date(2020, 1, 1)):
        return a, b

    arguments = convert_arguments(main, {"a": "1", "b": "2026-01-02", "c": 1})
    assert call_with(main, arguments) == (1, date(2026, 1, 2))
    assert convert_arguments(functools.partial(main, b=date(2020, 1, 1)), {"a": "1"}) == {"a": 1}


def test_plain_types_import_nothing():
    program = (
        "import sys, json; sys.path.insert(0, sys.argv[1])\n"
        "from headrace.runner.arguments import convert_arguments\n"
        "def main(a: str, b: 'int', c: float = 1, d: dict = {}, e: bool = True, *, f: list): ...\n"
        "convert_arguments(main, {'a': 'x', 'b': 1, 'c': 1.5, 'd': {}, 'e': False, 'f': []})\n"
        "heavy = {'typing', 'inspect', 'enum', 'datetime', 'headrace.runner.conversion'}\n"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    source = f"import sys, re, json; before = set(sys.modules)\n{program}"
    folder = str(Path(runner.__path__[0]).parents[1])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", source, folder], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
