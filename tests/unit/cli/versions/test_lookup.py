"""A version is named by the beginning of its hash."""

from __future__ import annotations

import pytest

from headrace.cli.versions.lookup import Version, choose
from headrace.errors import InvalidInput, NotFound

PATH = "f/team/script"
HISTORY = [
    Version(hash_, number, PATH, "", "alice", "2026-01-01T00:00:00Z", is_archived=number > 1)
    for number, hash_ in enumerate(("ab12cd0000000000", "ab12ef0000000000", "0123456789abcdef"), 1)
]


@pytest.mark.parametrize("text", ["0123", "0123456789abcdef"])
def test_by_enough_of_its_hash(text: str):
    assert choose(HISTORY, text, PATH) is HISTORY[2]


@pytest.mark.parametrize(("text", "problem"), [("ab12", "has 2 versions"), ("ffff", "has no version")])
def test_not_by_what_names_none_or_several(text: str, problem: str):
    with pytest.raises(NotFound, match=f"{PATH} {problem} whose hash begins with {text}"):
        choose(HISTORY, text, PATH)


@pytest.mark.parametrize("text", ["", "012", "xyz1", "0123456789abcdef0", "0123\n"])
def test_not_by_what_begins_no_hash(text: str):
    with pytest.raises(InvalidInput, match=r"VERSION: .* is no hash"):
        choose(HISTORY, text, PATH)
