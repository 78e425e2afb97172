from __future__ import annotations

import enum
import json
import uuid
from collections import Counter, OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from headrace.runner.encoding import InvalidResult, encode_result


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Point:
    x: float
    colour: Colour


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
        (Decimal("1.10"), "1.10"),
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


def test_what_changed_on_the_way_is_said_once(capsys: pytest.CaptureFixture[str]):
    encode_result([float("nan"), float("inf"), {1: 1}])
    said = capsys.readouterr().err
    assert said.count("became null") == 1
    assert "became strings" in said


def test_a_thing_without_a_form_becomes_its_text_and_is_named(capsys: pytest.CaptureFixture[str]):
    assert json.loads(encode_result(object())).startswith("<object")
    assert "object has no JSON form" in capsys.readouterr().err


def test_a_circle_and_half_a_character_are_refused():
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(InvalidResult, match="holds itself"):
        encode_result(circle)
    with pytest.raises(InvalidResult, match="surrogate"):
        encode_result("\ud800")
