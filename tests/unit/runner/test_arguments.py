from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal, Optional, Union

import pytest

from headrace.runner.arguments import ArgumentError, convert_arguments


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
