from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headrace.model.log_text import utf16_length, utf16_tail

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("😀é"))


@given(TEXTS)
def test_a_length_counts_as_javascript_does(text: str):
    assert utf16_length(text) == len(text.encode("utf-16-le")) // 2


@given(TEXTS, TEXTS)
def test_what_follows_a_prefix_is_the_rest(head: str, tail: str):
    assert utf16_tail(head + tail, utf16_length(head)) == tail


@given(TEXTS, st.integers(0, 50))
def test_a_tail_is_the_end_of_the_text_and_never_longer_than_asked(text: str, units: int):
    tail = utf16_tail(text, units)
    assert text.endswith(tail)
    assert utf16_length(tail) <= max(0, utf16_length(text) - units)


def test_a_character_cut_in_half_is_left_out():
    assert utf16_tail("a😀b", 2) == "b"
    assert utf16_tail("a😀b", 1) == "😀b"
