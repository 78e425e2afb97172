from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from headrace.sandbox.frames import ARGUMENTS, ERROR, RESULT, STREAMED, Frame, FrameReader


def written(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">cQQ", kind, len(payload), 7) + payload


@given(st.binary(max_size=50), st.sampled_from([RESULT, ERROR]), st.integers(1, 20), st.binary(max_size=10))
def test_a_frame_comes_out_however_it_was_cut(payload: bytes, kind: bytes, size: int, after: bytes):
    reader = FrameReader(1000)
    data = written(kind, payload) + after
    for begin in range(0, len(data), size):
        reader.feed(data[begin : begin + size])
    assert reader.frame == Frame(kind, payload, 7)
    assert not reader.is_broken


@given(
    st.lists(st.tuples(st.sampled_from([STREAMED, ARGUMENTS]), st.binary(max_size=10))), st.integers(1, 40)
)
def test_notes_come_out_before_the_answer_however_they_were_cut(told: list[tuple[bytes, bytes]], size: int):
    reader = FrameReader(1000)
    data = b"".join(written(kind, payload) for kind, payload in told) + written(RESULT, b"1")
    notes: list[Frame] = []
    for begin in range(0, len(data), size):
        notes += reader.feed(data[begin : begin + size])
    assert notes == [Frame(kind, payload, 7) for kind, payload in told]
    assert reader.frame == Frame(RESULT, b"1", 7)
    assert reader.feed(written(STREAMED, b"late")) == []


def test_a_frame_of_a_kind_that_there_is_not_ends_the_reading():
    reader = FrameReader(1000)
    assert reader.feed(written(b"X", b"") + written(RESULT, b"1")) == []
    assert (reader.frame, reader.is_broken) == (None, True)


@given(st.binary(max_size=50), st.integers(1, 60))
def test_a_frame_that_is_not_whole_is_broken(payload: bytes, missing: int):
    data = written(RESULT, payload)[:-missing]
    reader = FrameReader(1000)
    reader.feed(data)
    assert reader.frame is None
    assert reader.is_broken == bool(data)


def test_a_frame_beyond_the_limit_is_told_by_its_header_alone():
    reader = FrameReader(3)
    reader.feed(written(RESULT, b"four")[:17])
    assert reader.too_large == 4


def test_nothing_at_all_is_neither_whole_nor_broken():
    reader = FrameReader(3)
    assert (reader.frame, reader.is_broken, reader.too_large) == (None, False, None)
