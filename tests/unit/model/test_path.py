from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InvalidInput
from headrace.model.path import MOST_CHARACTERS, check_identity, check_name, check_path, owner_of

SEGMENTS = st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,8}[A-Za-z0-9_])?", fullmatch=True)


@given(st.sampled_from("ufg"), st.lists(SEGMENTS, min_size=2, max_size=5))
def test_a_well_formed_path_is_returned_as_it_is(kind: str, segments: list[str]):
    path = "/".join([kind, *segments])
    assert check_path(path) == path
    assert owner_of(path) == f"{kind}/{segments[0]}"


@given(st.text())
def test_what_is_taken_is_of_a_safe_alphabet_and_never_leads_up(text: str):
    try:
        path = check_path(text)
    except InvalidInput:
        return
    assert set(path) <= set(string.ascii_letters + string.digits + "_./-")
    assert not {"", ".", ".."} & set(path.split("/"))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "u",
        "u/a",
        "u/a/",
        "/u/a/b",
        "u//b",
        "x/a/b",
        "u/a/..",
        "u/a/.b",
        "u/a/b.",
        "u/a/-b",
        "u/a/b-",
        "u/a/b c",
        "u/a/b\n",
        "u/a/b\x00",
        "u/\u0430/b",
        "u/a/\uff42",
        "u/a/b\u202e",
        "u/a/b\\c",
        "u/a/b%2f",
        "U/a/b",
        "u/a/../f/b/c",
    ],
)
def test_an_odd_path_is_refused_with_its_fields_name(path: str):
    with pytest.raises(InvalidInput, match=r"^place: must look like"):
        check_path(path, "place")


def test_a_path_has_a_longest_length():
    longest = "u/a/" + "x" * (MOST_CHARACTERS - 4)
    assert check_path(longest) == longest
    with pytest.raises(InvalidInput, match="longer than 255"):
        check_path(longest + "x")


@pytest.mark.parametrize("name", ["a", "A_b-1", "x" * 50])
def test_a_name_and_an_identity_are_taken(name: str):
    assert check_name(name) == name
    assert check_identity(f"u/{name}", "x") == f"u/{name}"
    assert check_identity(f"g/{name}", "x") == f"g/{name}"


@pytest.mark.parametrize("name", ["", "a/b", "a b", "a,b", "a-", "-a", "é", "a\n", "x" * 51, "a.b"])
def test_an_odd_name_is_no_name_and_no_identity(name: str):
    with pytest.raises(InvalidInput, match=r"^who: "):
        check_name(name, "who")
    with pytest.raises(InvalidInput, match=r"^who: "):
        check_identity(f"u/{name}", "who")


@pytest.mark.parametrize("identity", ["", "a", "u", "u/", "f/a", "a@b.c", "u/a/b", "U/a"])
def test_an_identity_is_a_user_or_a_group(identity: str):
    with pytest.raises(InvalidInput):
        check_identity(identity, "who")
