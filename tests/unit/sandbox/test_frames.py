from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from headrace.sandbox.frames import ERROR, RESULT, Frame, FrameReader


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
