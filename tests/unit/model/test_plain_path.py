"""Plain paths are told from other expressions, and find values as they were written."""

from __future__ import annotations

import pytest

from headrace.model.plain_path import find, join_object, parse_plain_path

DATA = b'{"a": {"b c": [1.10, {"d": 9007199254740993}, []]}, "a2": null, "e": "\\u00e9"}'


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("job", ("job",)),
        (" job.input.x; ", ("job", "input", "x")),
        ("a['b c'][0].d", ("a", "b c", 0, "d")),
        ('a["b"]', ("a", "b")),
        ("a + b", None),
        ("a.b()", None),
        ("a[b]", None),
        ("a..b", None),
        ("a[-1]", None),
        ("'a'", None),
        ("a?.b", None),
        ("", None),
        ("a.b\n.c d", None),
        ("a" + "[0]" * 20_000 + "x", None),
    ],
)
def test_an_expression_is_a_plain_path_or_none(expression: str, path: tuple[str | int, ...] | None):
    assert parse_plain_path(expression) == path


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((), DATA),
        (("a", "b c", 0), b"1.10"),
        (("a", "b c", 1, "d"), b"9007199254740993"),
        (("a", "b c", 2, 0), None),
        (("a", "b c", 3), None),
        (("a", 0), None),
        (("a2",), b"null"),
        (("a2", "x"), None),
        (("e",), b'"\\u00e9"'),
        (("e", "length"), None),
        (("missing", "x"), None),
    ],
)
def test_a_value_is_found_as_it_was_written(path: tuple[str | int, ...], value: bytes | None):
    assert find(DATA, path) == value


def test_members_become_an_object():
    assert join_object({"a": b"1.10", 'b"': b"[]"}) == b'{"a": 1.10, "b\\"": []}'
