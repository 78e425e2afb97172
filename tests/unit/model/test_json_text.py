from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InvalidInput
from headrace.model.json_text import (
    MOST_DEPTH,
    MOST_DIGITS,
    parse_json,
    parse_json_text,
    parse_object,
    raw_member,
    raw_members,
    with_members,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_what_json_can_say_is_taken(value: Any, ascii_only: bool, indent: int | None):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert parse_json(text.encode(), "x") == value


@given(st.binary())
def test_bytes_are_parsed_or_refused_with_the_fields_name(data: bytes):
    sentence = "field: "
    try:
        parse_json(data, "field")
    except InvalidInput as error:
        sentence = str(error)
    assert sentence.startswith("field: ")


@given(VALUES, st.sampled_from(["\x00", "\ud800", "\udc00", "\udfff"]), st.booleans())
def test_a_string_that_cannot_be_stored_is_found_wherever_it_is(value: Any, bad: str, as_key: bool):
    holder = {f"a{bad}b": value} if as_key else [value, {"k": [f"a{bad}b"]}]
    with pytest.raises(InvalidInput, match=r"NUL|surrogate"):
        parse_json_text(json.dumps(holder), "x")


def test_a_bare_half_of_a_pair_is_found_too():
    with pytest.raises(InvalidInput, match="surrogate"):
        parse_json_text('"\ud800"', "x")


@pytest.mark.parametrize("text", [r'"\ud83d\ude00"', r'"\\u0000"', r'"\\ud800"', '"\U0001f600"'])
def test_what_only_looks_bad_is_taken(text: str):
    assert parse_json_text(text, "x") == json.loads(text)


@given(st.integers(min_value=0, max_value=2 * MOST_DEPTH), st.booleans())
def test_depth_is_limited_and_nothing_else_about_brackets(depth: int, objects: bool):
    opening, closing = ('{"a":', "}") if objects else ("[", "]")
    text = opening * depth + "1" + closing * depth
    if depth <= MOST_DEPTH:
        parse_json_text(text, "x")
    else:
        with pytest.raises(InvalidInput, match="deeper than 512"):
            parse_json_text(text, "x")


def test_many_brackets_side_by_side_are_fine():
    assert len(parse_json(b"[" + b"[],{}," * 10_000 + b"1]", "x")) == 20_001


def test_depth_beyond_pythons_own_is_refused_alike():
    with pytest.raises(InvalidInput, match="deeper than 512"):
        parse_json(b"[" * 10**6, "x")


@given(st.integers(-400, 400), st.integers(1, 9), st.booleans())
def test_an_exponent_is_taken_as_far_as_every_reader_can(exponent: int, digit: int, zeros: bool):
    text = f"{digit}e{'-' if exponent < 0 else ''}{'000000000000' if zeros else ''}{abs(exponent)}"
    if -324 <= exponent <= 308 and math.isfinite(float(text)):
        assert parse_json_text(text, "x") == float(text)
    else:
        with pytest.raises(InvalidInput):
            parse_json_text(text, "x")


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "[1e999]",
        "1e99999999999999999999",
        "9" * 5000,
        "0." + "9" * 5000,
        "1" * 10**6,
    ],
)
def test_a_number_that_breaks_other_readers_is_refused(text: str):
    with pytest.raises(InvalidInput):
        parse_json_text(text, "x")


def test_large_integers_stay_exact():
    assert parse_json(b"9007199254740993", "x") == 9007199254740993
    assert parse_json(b"7" * MOST_DIGITS, "x") == int("7" * MOST_DIGITS)


def test_a_fault_is_placed():
    with pytest.raises(InvalidInput, match=r"x: is not valid JSON: .*line 2, column 6"):
        parse_json(b'{\n"a": }', "x")
    with pytest.raises(InvalidInput, match="not valid UTF-8 at byte 1"):
        parse_json(b'"\xff"', "x")


@pytest.mark.parametrize(
    ("text", "kind"),
    [("[]", "an array"), ('"s"', "a string"), ("1", "a number"), ("null", "null"), ("true", "a boolean")],
)
def test_an_object_is_an_object(text: str, kind: str):
    assert parse_object(b'{"a": 1}', "x") == {"a": 1}
    with pytest.raises(InvalidInput, match=f"must be a JSON object, not {kind}"):
        parse_object(text.encode(), "x")


@given(st.dictionaries(TEXTS, VALUES, max_size=5), st.sampled_from([None, 1]))
def test_a_raw_member_is_the_text_of_its_value(members: dict[str, Any], indent: int | None):
    data = json.dumps(members, indent=indent).encode()
    for name, value in members.items():
        raw = raw_member(data, name)
        assert raw is not None
        assert raw in data
        assert json.loads(raw) == value
    assert raw_member(data, "no such name, surely") is None


def test_a_raw_member_keeps_its_numbers():
    assert raw_member(b' { "b\\"": [1], "a" : 1.10 , "c":{} }', "a") == b"1.10"
    assert raw_member(b'{"a":1,"a":{"x":2.0}}', "a") == b'{"x":2.0}'


def test_a_name_that_stands_twice_is_refused_where_it_must_not():
    twice = '{"a": 1, "b": {"x": 1, "é": 2, "\\u00e9": 3}}'
    assert parse_json_text(twice, "body") == {"a": 1, "b": {"x": 1, "é": 3}}
    with pytest.raises(InvalidInput, match=r"body: has the name '\\xe9' twice in one object"):
        parse_json_text(twice, "body", unique=True)
    assert parse_json_text('[{"a": 1}, {"a": 1}]', "body", unique=True) == [{"a": 1}, {"a": 1}]


def test_members_keep_the_text_they_came_as():
    data = b' { "a" : 1.10 , "b\\u0021": [1E2, {"a": 2}] } '
    assert raw_members(data) == {"a": b"1.10", "b!": b'[1E2, {"a": 2}]'}
    assert raw_members(b"{}") == {}


def test_added_members_take_the_place_of_those_that_are_there():
    assert with_members(b'{"a": 1.10, "b": -0}', {"b": b"2", "c": b"3"}) == b'{"a": 1.10, "b": 2, "c": 3}'
    assert with_members(b'{"\\u0061": 1}', {"a": b"2"}) == b'{"a": 2}'
    assert with_members(b'{"a/": 1, "a\\/b": 1}', {"a/b": b"2"}) == b'{"a/": 1, "a/b": 2}'


def test_added_members_stand_behind_those_that_are_there():
    assert with_members(b' { "a": 1.10 }\n', {"b": b"2", "c": b"3"}) == b'{"a": 1.10, "b": 2, "c": 3}'
    assert with_members(b" { } ", {"a": b"1"}) == b'{"a": 1}'
    assert with_members(b" {} ", {}) == b" {} "
