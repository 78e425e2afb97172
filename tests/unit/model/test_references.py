"""References are found where a value begins with one, and replaced without changing anything else."""

from __future__ import annotations

import json

import pytest

from headrace.errors import InvalidInput
from headrace.model.references import Reference, find_references, replace_references

VAR = Reference("variable", "u/a/x")
RES = Reference("resource", "f/b/y")


def found(text: str, **limits: int) -> list[str]:
    return [str(span.reference) for span in find_references(text, **limits)]


def test_whole_strings_are_references_and_nothing_else_is():
    text = json.dumps(
        {
            "a": "$var:u/a/x",
            "b": [{"c": "$res:f/b/y"}],
            "$var:key": 1,
            "d": "see $var:u/a/z",
            "e": {"$res": "f/b/z"},
            "f": '"$var:quoted"',
            "g": " $var:u/a/space",
        }
    )
    assert found(text) == ["$var:u/a/x", "$res:f/b/y"]
    assert found('"$var:u/a/x"') == ["$var:u/a/x"]
    assert found('{"$var:k" : "$var:u\\/a\\/x"}') == ["$var:u/a/x"]
    assert found('["\\u0024var:u/a/x", "\\u0041"]') == ["$var:u/a/x"]
    assert found("{}") == found("null") == []


def test_arrays_are_looked_into_as_deep_and_as_far_as_is_said():
    assert found('[["$var:u/a/x"], [["$var:u/a/y"]]]', most_arrays=2) == ["$var:u/a/x"]
    assert found('[{"k": [{"k": "$var:u/a/x"}]}]', most_arrays=2) == ["$var:u/a/x"]
    many = json.dumps([*range(2), "$var:u/a/x", {"k": "$var:u/a/y"}])
    assert found(many, most_items=3) == ["$var:u/a/x"]
    assert found(many) == ["$var:u/a/x", "$var:u/a/y"]


def test_what_stands_around_a_reference_keeps_its_bytes():
    text = '{"n": 1.10, "x":"$var:u/a/x" ,"big":9007199254740993, "x2": ["$res:f/b/y", "$var:u/a/x"]}'
    replaced = replace_references(text, find_references(text), {VAR: '"é"', RES: '{"a": 1e2}'})
    assert replaced == '{"n": 1.10, "x":"é" ,"big":9007199254740993, "x2": [{"a": 1e2}, "é"]}'


def test_a_path_that_can_not_be_names_the_reference():
    for path in ("", "u/a", "../x", "u/a/x?y", "u/a/\u00e9", "x" * 10**6):
        with pytest.raises(InvalidInput, match=r"\$res:") as caught:
            Reference("resource", path).check()
        assert len(str(caught.value)) < 1000
