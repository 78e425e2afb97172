from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.api.schemas.answers import encode, with_raw, without_none

JSON = st.sampled_from([b"1.10", b"9007199254740993", b'{"a": [1E2]}', b'"\\u00e9"', b"null"])


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers()),
    st.dictionaries(st.sampled_from("xyz"), st.none() | JSON),
)
def test_stored_json_goes_out_as_it_came_in(fields: dict[str, int], raw: dict[str, bytes | None]):
    text = with_raw(dict(fields), raw)
    there = {name: value for name, value in raw.items() if value is not None}
    assert json.loads(text) == fields | {name: json.loads(value) for name, value in there.items()}
    assert all(value in text for value in there.values())


def test_instants_and_ids_are_text():
    value = {"at": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "id": UUID(int=1)}
    assert json.loads(encode(value)) == {
        "at": "2026-01-02T03:04:05.000006Z",
        "id": "00000000-0000-0000-0000-000000000001",
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"1"])
def test_what_is_not_json_is_not_sent(value: object):
    with pytest.raises((ValueError, TypeError)):
        encode({"x": value})


def test_an_explicit_null_is_left_out():
    assert without_none(a=None, b=0, c=False, d="") == {"b": 0, "c": False, "d": ""}
