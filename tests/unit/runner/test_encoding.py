from __future__ import annotations

import enum
import json
import uuid
from collections import ChainMap, Counter, OrderedDict, deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import pytest

from headrace.runner.channel import InvalidResult
from headrace.runner.encoding import encode_result
from headrace.runner.forms import MOST_DEPTH


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Point:
    x: float
    colour: Colour


@dataclass
class Counted:
    made: ClassVar[int] = 3
    size: int = 1


class Pair(NamedTuple):
    left: int
    right: int


class Level(enum.IntEnum):
    HIGH = 3


class SaysJson:
    def __json__(self):
        return {"own": True}

    def to_dict(self):
        return {"own": False}


class Old:
    """Looks as models of pydantic 1 do."""

    __fields__ = ("a",)

    def dict(self):
        return {"a": 1}


class Array:
    """Looks as numpy's do."""

    def tolist(self):
        return [1.5, float("nan")]


class Frame:
    """Looks as pandas' do."""

    columns = ("a",)

    def to_dict(self, orient):
        return [{"a": 1, "orient": orient}]


NAMED = uuid.UUID(int=1)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, None),
        ({"a": [1, 2.5, "ä", True]}, {"a": [1, 2.5, "ä", True]}),
        (2**80, 2**80),
        ((1, 2), [1, 2]),
        (b"\xe9", "6Q=="),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        ([date(2026, 1, 2)], ["2026-01-02"]),
        ({1}, [1]),
        (Colour.RED, "red"),
        (Point(1.0, Colour.RED), {"x": 1.0, "colour": "red"}),
        (Counted(), {"size": 1}),
        (Pair(1, 2), [1, 2]),
        ([Level.HIGH, {Level.HIGH: 1}], [3, {"3": 1}]),
        (time(12, 30), "12:30:00"),
        (ip_address("::1"), "::1"),
        (SaysJson(), {"own": True}),
        (Old(), {"a": 1}),
        (ValueError("no"), {"name": "ValueError", "message": "no"}),
        ([range(2), deque([1]), {1: 2}.values()], [[0, 1], [1], [2]]),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (ChainMap({"a": 1}, {"b": 2}), {"a": 1, "b": 2}),
        ({date(2026, 1, 2): 1, Colour.RED: 2}, {"2026-01-02": 1, "red": 2}),
        ([(n for n in "ab"), float("nan")], [["a", "b"], None]),
        (NAMED, str(NAMED)),
        (Path("a/b"), "a/b"),
        (float("inf"), None),
        ({"a": [float("nan")]}, {"a": [None]}),
        ({1: 2, None: 3, (4, 5): 6, False: 7}, {"1": 2, "null": 3, "(4, 5)": 6, "false": 7}),
        (Array(), [1.5, None]),
        (Frame(), [{"a": 1, "orient": "records"}]),
        ((n for n in range(2)), [0, 1]),
        (Counter("aa"), {"a": 2}),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    ],
)
def test_a_result_has_a_json_form(value: Any, wanted: Any):
    assert json.loads(encode_result(value)) == wanted


@pytest.mark.parametrize(
    ("length", "wanted"),
    [
        (timedelta(), "PT0S"),
        (timedelta(days=1, hours=2, minutes=3, seconds=4.5), "P1DT2H3M4.5S"),
        (timedelta(days=-1), "-P1D"),
        (timedelta(milliseconds=-1500), "-PT1.5S"),
        (timedelta(minutes=90), "PT1H30M"),
    ],
)
def test_a_length_of_time_is_written_as_iso_8601_has_it(length: timedelta, wanted: str):
    assert json.loads(encode_result(length)) == wanted


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        (Decimal("1.10"), b"1.10"),
        (Decimal(2**80), str(2**80).encode()),
        ([Decimal("-0.000000000000000000000001")], b"[-1E-24]"),
        ({"a": Decimal("NaN"), "b": [Decimal("0.1")]}, b'{"a": null, "b": [0.1]}'),
        (Decimal("1E+5000"), b'"1E+5000"'),
        ({Decimal("1.10"): "decimal-1"}, b'{"1.10": "decimal-1"}'),
    ],
)
def test_a_decimal_is_a_number_with_the_digits_that_it_has(number: Any, wanted: bytes):
    assert encode_result(number) == wanted


def test_what_changed_on_the_way_is_said_once(capsys: pytest.CaptureFixture[str]):
    encode_result([float("nan"), float("inf"), {1: 1}])
    said = capsys.readouterr().err
    assert said.count("became null") == 1
    assert "became strings" in said


def test_a_thing_without_a_form_becomes_its_text_and_is_named(capsys: pytest.CaptureFixture[str]):
    assert json.loads(encode_result(object())).startswith("<object")
    assert "object has no JSON form" in capsys.readouterr().err


def test_an_integer_too_long_for_python_to_write_is_refused():
    with pytest.raises(InvalidResult, match="can't be written"):
        encode_result(10**5000)


def test_an_error_of_an_objects_own_method_is_told_as_it_is():
    class Broken:
        def to_dict(self):
            raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        encode_result([Broken()])


def test_a_circle_and_half_a_character_are_refused():
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(InvalidResult, match="holds itself"):
        encode_result(circle)
    with pytest.raises(InvalidResult, match="surrogate"):
        encode_result("\ud800")


def test_what_is_not_too_deep_is_looked_at_to_its_end():
    deep: Any = float("nan")
    for _ in range(MOST_DEPTH):
        deep = [deep]
    assert encode_result(deep) == b"[" * MOST_DEPTH + b"null" + b"]" * MOST_DEPTH
    with pytest.raises(InvalidResult, match="deeper than 512"):
        encode_result([deep])
