from __future__ import annotations

import pytest

from headrace.errors import InvalidInput
from headrace.model.file_key import check_file_key, random_file_key


@pytest.mark.parametrize("key", ["a", "a/b.csv", "ä ö/…", "a%2e%2e/b", "..a/b..", "x" * 255, "a?b#c"])
def test_a_name_is_taken(key: str):
    check_file_key(key)


@pytest.mark.parametrize(
    "key",
    [
        *("", "/a", "a/../b", "..", "./a", "a//b", "a/", "a\x00b", "a\r\nb", "a\\b", "\ud800", "a\u2028b"),
        *("x" * 256, "ä" * 128, "x/" * 512 + "y"),
    ],
)
def test_a_trick_is_refused(key: str):
    with pytest.raises(InvalidInput, match=r"^file_key: "):
        check_file_key(key)


def test_a_key_is_made_up():
    assert random_file_key("csv").endswith(".csv")
    check_file_key(random_file_key(None))
    with pytest.raises(InvalidInput):
        random_file_key("c/sv")
