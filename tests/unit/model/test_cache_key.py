"""Arguments that are the same have one key, and no others have it."""

from __future__ import annotations

import pytest

from headrace.model.cache_key import cache_key

SAME = [
    (b'{"a": 1, "b": [true, null]}', b'{"b":[true,null],\n"a":1}'),
    (b'{"a": "\\u00e9"}', '{"a": "é"}'.encode()),
    (b'{"a": 1, "a": 2}', b'{"a": 2}'),
]
DIFFERENT = [
    (b'{"a": 1}', b'{"a": 1.0}'),
    (b'{"a": 1}', b'{"a": "1"}'),
    (b'{"a": 0.1}', b'{"a": 0.1000000000000000055511151231257827}'),
    (b'{"a": 9007199254740993}', b'{"a": 9007199254740992}'),
    (b'{"a": 0.5}', b'{"a": {"": "0.5"}}'),
    (b"{}", b'{"a": null}'),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_arguments_have_one_key(one: bytes, other: bytes):
    assert cache_key(None, one) == cache_key(None, other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_others_have_another(one: bytes, other: bytes):
    assert cache_key(None, one) != cache_key(None, other)


def test_another_function_has_another():
    assert cache_key("other", b"{}") != cache_key(None, b"{}")


@pytest.mark.parametrize(
    "args", [b'{"a": "$var:u/alice/v"}', b'{"a": [{"b": "\\u0024res:u/alice/r"}]}', b'{"$var:x": 1}']
)
def test_where_arguments_refer_to_something_nothing_is_kept(args: bytes):
    assert cache_key(None, args) is None
