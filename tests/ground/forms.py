"""Forms of a parameter: what schema is inferred for each, and what ``main`` gets for a value.

A form is a parameter as it is written, the schema of it, and pairs of a JSON value and the repr of what
``main`` gets. ``PREAMBLE`` defines the names that they use.
"""

from __future__ import annotations

from typing import Any, NamedTuple

PREAMBLE = '''
import collections
import datetime as dt
import enum
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import (
    Annotated, Any, ClassVar, Dict, List, Literal, NamedTuple, NewType, Optional, Set, Tuple, TypedDict,
    TypeVar, Union
)
from uuid import UUID


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Counted(Enum):
    ONE = enum.auto()
    TWO = enum.auto()


class Odd(Enum):
    A = ("a", 1)
    B = frozenset()


Size = Enum("Size", "S M")


@dataclass
class Point:
    """A place.

    Attributes:
        x: To the right.
    """

    x: float
    when: Optional[date] = None
    tags: List[str] = field(default_factory=list)
    KIND: ClassVar[str] = "point"


@dataclass
class Named(Point):
    name: str = "?"
    hidden: int = field(default=0, init=False)


@dataclass
class Tree:
    value: int
    children: "List[Tree]" = field(default_factory=list)


class Movie(TypedDict, total=False):
    title: str
    released: date


class Rated(Movie):
    stars: int


class postgresql(TypedDict):
    host: str
    port: int


class Pair(NamedTuple):
    a: int
    b: date = date(2020, 1, 1)


@dataclass
class Cat:
    kind: Literal["cat"]
    lives: int = 9


@dataclass
class Dog:
    kind: Literal["dog"]
    born: Optional[date] = None


class S3Object(dict):
    s3: str


slack = dict
DynSelect_city = str
Options = TypedDict("Options", {"deep": bool, "since": date})
UserId = NewType("UserId", int)
Days = List[date]
T = TypeVar("T", bound=int)
'''


class Form(NamedTuple):
    """See the module."""

    parameter: str
    schema: dict[str, Any]
    pairs: list[tuple[Any, str]]


TEXT: dict[str, Any] = {"type": "string"}
WHOLE: dict[str, Any] = {"type": "integer"}
DAY: dict[str, Any] = {"type": "string", "format": "date"}
POINT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "x": {"type": "number", "description": "To the right."},
        "when": DAY | {"nullable": True, "default": None},
        "tags": {"type": "array", "items": TEXT, "default": []},
    },
    "required": ["x"],
}
D = "datetime.date(2026, 1, 2)"
UTC = "tzinfo=datetime.timezone.utc"

FORMS = [
    Form("x: str", TEXT, [("a", "'a'"), (12, "'12'"), (True, "'true'"), (1.5, "'1.5'"), (None, "None")]),
    Form("x: int", WHOLE, [(3, "3"), (3.0, "3"), ("12", "12"), (None, "None")]),
    Form("x: float", {"type": "number"}, [(1.5, "1.5"), (3, "3.0"), ("1.5", "1.5")]),
    Form("x: bool", {"type": "boolean"}, [(True, "True"), ("true", "True"), ("0", "False"), (1, "True")]),
    Form("x: dict", {"type": "object"}, [({"a": 1}, "{'a': 1}")]),
    Form("x: list", {"type": "array", "items": TEXT}, [([1, "a"], "[1, 'a']")]),
    Form(
        "x: bytes",
        TEXT | {"contentEncoding": "base64"},
        [("YWI=", "b'ab'"), ("data:a/b;base64,YWI=", "b'ab'")],
    ),
    Form(
        "x: datetime",
        TEXT | {"format": "date-time"},
        [
            ("2026-01-02T03:04:05Z", f"datetime.datetime(2026, 1, 2, 3, 4, 5, {UTC})"),
            ("2026-01-02T03:04:05.1+00:00", f"datetime.datetime(2026, 1, 2, 3, 4, 5, 100000, {UTC})"),
            ("2026-01-02", "datetime.datetime(2026, 1, 2, 0, 0)"),
        ],
    ),
    Form(
        "x: dt.datetime",
        TEXT | {"format": "date-time"},
        [("2026-01-02T03:04", "datetime.datetime(2026, 1, 2, 3, 4)")],
    ),
    Form("x: date", DAY, [("2026-01-02", D), ("2026-01-02T03:04:05Z", D)]),
    Form(
        "x: dt.time",
        TEXT | {"format": "time"},
        [("03:04", "datetime.time(3, 4)"), ("03:04:05Z", f"datetime.time(3, 4, 5, {UTC})")],
    ),
    Form(
        "x: timedelta",
        TEXT | {"format": "duration"},
        [
            ("PT1H30M", "datetime.timedelta(seconds=5400)"),
            ("-P1DT0.5S", "datetime.timedelta(days=-2, seconds=86399, microseconds=500000)"),
            ("1 day, 1:30:00", "datetime.timedelta(days=1, seconds=5400)"),
            (90, "datetime.timedelta(seconds=90)"),
        ],
    ),
    Form(
        "x: Decimal",
        {"type": "number"},
        [(0.1, "Decimal('0.1')"), ("1.10", "Decimal('1.10')"), (3, "Decimal('3')")],
    ),
    Form(
        "x: UUID",
        TEXT | {"format": "uuid"},
        [("12345678123456781234567812345678", "UUID('12345678-1234-5678-1234-567812345678')")],
    ),
    Form("x: Path", TEXT, [("a/b", "PosixPath('a/b')")]),
    Form("x: Any", {}, [([1], "[1]"), ("a", "'a'")]),
    Form("x: None", {"type": "null", "default": None}, [(None, "None")]),
    Form("x: object", {}, [([1], "[1]")]),
    Form("x", {}, [([1], "[1]"), ("1", "'1'")]),
    Form("x: 'int'", WHOLE, [("1", "1")]),
    Form("x: 'Optional[Point]'", POINT | {"default": None}, [({"x": 1}, "Point(x=1.0, when=None, tags=[])")]),
    Form("x: Optional[int]", WHOLE | {"default": None}, [("1", "1"), (None, "None")]),
    Form("x: t.Optional[date]", DAY | {"default": None}, [("2026-01-02", D)]),
    Form("x: date | None = None", DAY | {"default": None}, [("2026-01-02", D), (None, "None")]),
    Form("x: int = None", WHOLE | {"default": None}, [(1, "1")]),
    Form("x: Union[int, str]", {"anyOf": [WHOLE, TEXT]}, [(1, "1"), ("1", "'1'")]),
    Form("x: int | float", {"type": "number"}, [(1, "1"), (1.5, "1.5")]),
    Form(
        "x: bool | bytes | None",
        {"anyOf": [{"type": "boolean"}, TEXT | {"contentEncoding": "base64"}], "default": None},
        [("YWI=", "b'ab'"), (True, "True")],
    ),
    Form(
        "x: Union[date, datetime]",
        {"anyOf": [DAY, TEXT | {"format": "date-time"}]},
        [("2026-01-02", D), ("2026-01-02T03:04", "datetime.datetime(2026, 1, 2, 3, 4)")],
    ),
    Form(
        "x: List[int] | Dict[str, int]",
        {"anyOf": [{"type": "array", "items": WHOLE}, {"type": "object", "additionalProperties": WHOLE}]},
        [(["1"], "[1]"), ({"a": "1"}, "{'a': 1}")],
    ),
    Form(
        "x: Cat | Dog",
        {
            "type": "object",
            "oneOf": [
                {
                    "type": "object",
                    "title": "cat",
                    "properties": {"kind": TEXT | {"enum": ["cat"]}, "lives": WHOLE | {"default": 9}},
                    "required": ["kind"],
                },
                {
                    "type": "object",
                    "title": "dog",
                    "properties": {
                        "kind": TEXT | {"enum": ["dog"]},
                        "born": DAY | {"nullable": True, "default": None},
                    },
                    "required": ["kind"],
                },
            ],
        },
        [
            ({"kind": "dog", "born": "2026-01-02"}, f"Dog(kind='dog', born={D})"),
            ({"kind": "cat"}, "Cat(kind='cat', lives=9)"),
        ],
    ),
    Form(
        "x: Point | Pair",
        {
            "anyOf": [
                POINT,
                {
                    "type": "object",
                    "properties": {"a": WHOLE, "b": DAY | {"default": "2020-01-01"}},
                    "required": ["a"],
                },
            ]
        },
        [({"a": 1}, "Pair(a=1, b=datetime.date(2020, 1, 1))")],
    ),
    Form('x: Literal["a", "b"]', TEXT | {"enum": ["a", "b"]}, [("a", "'a'")]),
    Form("x: Literal[1, 2] = 1", WHOLE | {"enum": [1, 2], "default": 1}, [(2, "2"), ("2", "2")]),
    Form(
        'x: Literal["auto", 1, None]',
        {"enum": ["auto", 1], "default": None},
        [("auto", "'auto'"), (1, "1"), (None, "None")],
    ),
    Form("x: Literal[Colour.RED]", TEXT | {"enum": ["red"]}, [("red", "<Colour.RED: 'red'>")]),
    Form(
        "x: Colour = Colour.RED",
        TEXT | {"enum": ["red", "blue"], "default": "red"},
        [("blue", "<Colour.BLUE: 'blue'>"), ("BLUE", "<Colour.BLUE: 'blue'>")],
    ),
    Form("x=Colour.RED", TEXT | {"enum": ["red", "blue"], "default": "red"}, [("blue", "'blue'")]),
    Form(
        "x: Level",
        WHOLE | {"enum": [1, 2]},
        [(2, "<Level.HIGH: 2>"), ("2", "<Level.HIGH: 2>"), ("HIGH", "<Level.HIGH: 2>")],
    ),
    Form("x: Counted", WHOLE | {"enum": [1, 2]}, [(2, "<Counted.TWO: 2>")]),
    Form("x: Odd", TEXT | {"enum": ["A", "B"]}, [("A", "<Odd.A: ('a', 1)>")]),
    Form("x: Size", WHOLE | {"enum": [1, 2]}, [(2, "<Size.M: 2>")]),
    Form("x: list[date]", {"type": "array", "items": DAY}, [(["2026-01-02"], f"[{D}]")]),
    Form(
        "x: List[Colour]",
        {"type": "array", "items": TEXT | {"enum": ["red", "blue"]}},
        [(["red"], "[<Colour.RED: 'red'>]")],
    ),
    Form(
        "x: List[Optional[int]]",
        {"type": "array", "items": WHOLE | {"nullable": True}},
        [(["1", None], "[1, None]")],
    ),
    Form("x: Sequence[int]", {"type": "array", "items": WHOLE}, [(["1"], "[1]")]),
    Form("x: t.Iterable", {"type": "array", "items": TEXT}, [([1], "[1]")]),
    Form("x: set[int]", {"type": "array", "items": WHOLE, "uniqueItems": True}, [([1, "1"], "{1}")]),
    Form(
        "x: frozenset", {"type": "array", "items": TEXT, "uniqueItems": True}, [(["a"], "frozenset({'a'})")]
    ),
    Form(
        "x: tuple[int, date]",
        {"type": "array", "prefixItems": [WHOLE, DAY], "minItems": 2, "maxItems": 2},
        [([1, "2026-01-02"], f"(1, {D})")],
    ),
    Form("x: Tuple[int, ...]", {"type": "array", "items": WHOLE}, [(["1", 2], "(1, 2)")]),
    Form("x: tuple", {"type": "array"}, [([1, "a"], "(1, 'a')")]),
    Form("x: collections.deque[int]", {"type": "array", "items": WHOLE}, [(["1"], "deque([1])")]),
    Form(
        "x: dict[str, date]",
        {"type": "object", "additionalProperties": DAY},
        [({"a": "2026-01-02"}, f"{{'a': {D}}}")],
    ),
    Form("x: Mapping[int, Any]", {"type": "object"}, [({"1": [2]}, "{1: [2]}")]),
    Form(
        "x: collections.defaultdict[str, list]",
        {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}},
        [({"a": [1]}, "defaultdict(<class 'list'>, {'a': [1]})")],
    ),
    Form(
        "x: Point",
        POINT,
        [({"x": 1, "when": "2026-01-02", "unknown": 1}, f"Point(x=1.0, when={D}, tags=[])")],
    ),
    Form(
        "x: Named",
        {
            "type": "object",
            "properties": POINT["properties"] | {"name": TEXT | {"default": "?"}},
            "required": ["x"],
        },
        [({"x": 1, "hidden": 5}, "Named(x=1.0, when=None, tags=[], name='?', hidden=0)")],
    ),
    Form(
        "x: Tree",
        {
            "type": "object",
            "properties": {
                "value": WHOLE,
                "children": {"type": "array", "items": {"type": "object"}, "default": []},
            },
            "required": ["value"],
        },
        [
            (
                {"value": 1, "children": [{"value": "2"}]},
                "Tree(value=1, children=[Tree(value=2, children=[])])",
            )
        ],
    ),
    Form(
        "x: Movie",
        {"type": "object", "properties": {"title": TEXT, "released": DAY}, "required": []},
        [({"released": "2026-01-02", "more": 1}, f"{{'released': {D}, 'more': 1}}")],
    ),
    Form(
        "x: Rated",
        {
            "type": "object",
            "properties": {"title": TEXT, "released": DAY, "stars": WHOLE},
            "required": ["stars"],
        },
        [({"stars": "5"}, "{'stars': 5}")],
    ),
    Form(
        "x: Options",
        {
            "type": "object",
            "properties": {"deep": {"type": "boolean"}, "since": DAY},
            "required": ["deep", "since"],
        },
        [({"deep": True, "since": "2026-01-02"}, f"{{'deep': True, 'since': {D}}}")],
    ),
    Form(
        "x: Pair",
        {
            "type": "object",
            "properties": {"a": WHOLE, "b": DAY | {"default": "2020-01-01"}},
            "required": ["a"],
        },
        [({"a": "1"}, "Pair(a=1, b=datetime.date(2020, 1, 1))"), ([1, "2026-01-02"], f"Pair(a=1, b={D})")],
    ),
    Form(
        "x: postgresql",
        {
            "type": "object",
            "properties": {"host": TEXT, "port": WHOLE},
            "required": ["host", "port"],
            "format": "resource-postgresql",
        },
        [({"host": "a"}, "{'host': 'a'}")],
    ),
    Form("x: slack", {"type": "object", "format": "resource-slack"}, [({"token": 1}, "{'token': 1}")]),
    Form(
        "x: List[S3Object]",
        {"type": "array", "items": {"type": "object", "format": "resource-s3_object"}},
        [([{"s3": "a"}], "[{'s3': 'a'}]")],
    ),
    Form("x: DynSelect_city", TEXT | {"format": "dynselect-city"}, [("Paris", "'Paris'")]),
    Form("x: UserId", WHOLE, [("1", "1")]),
    Form("x: Days", {"type": "array", "items": DAY}, [(["2026-01-02"], f"[{D}]")]),
    Form("x: T", WHOLE, [("1", "1")]),
    Form(
        'x: Annotated[Optional[int], "How many"]',
        WHOLE | {"description": "How many", "default": None},
        [("1", "1")],
    ),
    Form("x: t.Callable[[int], int]", {}, [(1, "1")]),
    Form("x: 'Missing'", {}, [(1, "1")]),
    Form('x="a"', TEXT | {"default": "a"}, [(1, "1")]),
    Form("x=42", WHOLE | {"default": 42}, [("1", "'1'")]),
    Form("x=-1.5", {"type": "number", "default": -1.5}, [(1, "1")]),
    Form("x=True", {"type": "boolean", "default": True}, [(False, "False")]),
    Form("x=None", {"default": None}, [(1, "1")]),
    Form("x={}", {"type": "object", "default": {}}, [({}, "{}")]),
    Form("x=[]", {"type": "array", "items": TEXT, "default": []}, [([1], "[1]")]),
    Form("x=[1, 2]", {"type": "array", "items": WHOLE, "default": [1, 2]}, [([], "[]")]),
    Form("x: list = [1.5]", {"type": "array", "items": {"type": "number"}, "default": [1.5]}, [([], "[]")]),
    Form("x: float = len('a')", {"type": "number"}, [(1, "1.0")]),
    Form('x: bytes = b"ab"', TEXT | {"contentEncoding": "base64", "default": "YWI="}, [("", "b''")]),
    Form("x: date = date(2026, 1, 2)", DAY | {"default": "2026-01-02"}, [("2026-01-02", D)]),
]
"""All of them run on every Python from 3.10 on."""

REFUSALS: list[tuple[str, Any, str]] = [
    ("x: str", {"a": 1}, "x: an object, where text is asked for"),
    ("x: str", [1], "x: an array, where text is asked for"),
    ("x: int", 3.5, "x: 3.5 is not a whole number"),
    ("x: int", "x", "x: 'x' is not a whole number"),
    ("x: int", True, "x: true is not a whole number"),
    ("x: float", "much", "x: 'much' is not a number, or too large for one"),
    ("x: bool", "maybe", "x: 'maybe' is neither true nor false"),
    ("x: dict", [1], "x: an array, where an object is asked for"),
    ("x: list", {"a": 1}, "x: an object, where an array is asked for"),
    ("x: list", "ab", "x: 'ab', where an array is asked for"),
    ("x: bytes", "not base64!", "x: bytes are given in base64, and this is not"),
    ("x: datetime", "yesterday", "x: 'yesterday' is not a date and time, such as 2026-01-02T03:04:05Z"),
    ("x: date", 5, "x: 5, where a date is asked for"),
    ("x: timedelta", "P", "x: 'P' is no duration, such as PT1H30M or a number of seconds"),
    ("x: Decimal", "a", "x: 'a' is not a decimal number"),
    ("x: UUID", "a", "x: 'a' is no UUID"),
    ("x: Colour", "green", "x: 'green' is none of 'red', 'blue'"),
    ("x: Literal['a', 1]", True, "x: True is none of 'a', 1"),
    (
        "x: int | date",
        "neither",
        "x: 'neither' is not a whole number; 'neither' is not a date, such as 2026-01-02",
    ),
    ("x: tuple[int, int]", [1], "x: 1 items, where an array of 2 is asked for"),
    ("x: List[int]", [1, None], "x[1]: null is not a whole number"),
    (
        "x: List[Point]",
        [{"x": 1}, {"x": 1, "when": "no"}],
        "x[1].when: 'no' is not a date, such as 2026-01-02",
    ),
    ("x: Dict[str, List[int]]", {"a": ["b"]}, "x.a[0]: 'b' is not a whole number"),
    ("x: Point", {"when": "2026-01-02"}, "x.x: required, and missing"),
    ("x: Point", 5, "x: 5, where an object is asked for"),
    ("x: Options", {"deep": True}, "x.since: required, and missing"),
    ("x: Pair", [1, "2026-01-02", 3], "x: 3 items, where at most 2 are asked for"),
    ("x: Set[list]", [[1]], "x: can't be a set: unhashable type: 'list'"),
    ("x: S3Object", "a", "x: 'a', where an object is asked for"),
]
"""A parameter, a value, and the sentence that refuses it."""
