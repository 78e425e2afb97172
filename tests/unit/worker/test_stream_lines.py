from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.worker.stream_lines import StreamLines

OUTPUTS = {
    b"": (b"", b""),
    b"one\ntwo": (b"one\ntwo", b""),
    b"WM_STREAM: a\nWM_STREAM: b\n": (b"", b"ab"),
    b"one\nWM_STREAM: a\\nb\ntwo\n": (b"one\ntwo\n", b"a\nb"),
    b"WM_STREAM: \nx": (b"x", b""),
    b"not WM_STREAM: a\n": (b"not WM_STREAM: a\n", b""),
    b"WM_STREAM:a\nWM_ST": (b"WM_STREAM:a\nWM_ST", b""),
    b"WM_STREAM: ends in the middle\\": (b"", b"ends in the middle\\"),
    b"\n\nWM_STREAM: WM_STREAM: a\n\n": (b"\n\n\n", b"WM_STREAM: a"),
    b"WM_STREAM: a\\\\n\n": (b"", b"a\\\n"),
}


def cut(output: bytes, size: int) -> tuple[bytes, bytes]:
    """Log and stream of an output that comes in pieces."""
    lines = StreamLines()
    pieces: list[tuple[bool, bytes]] = []
    for begin in range(0, len(output), size):
        pieces += lines.feed(output[begin : begin + size])
    pieces += lines.end()
    log = b"".join(data for is_stream, data in pieces if not is_stream)
    return log, b"".join(data for is_stream, data in pieces if is_stream)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("output", OUTPUTS, ids=repr)
def test_lines_of_the_stream_are_taken_out_of_the_log(output: bytes, size: int):
    assert cut(output, size) == OUTPUTS[output]


@given(st.lists(st.sampled_from([b"WM_STREAM: ", b"WM_", b"\\n", b"\\", b"\n", b"x"])), st.integers(1, 30))
def test_it_does_not_matter_how_output_was_cut(parts: list[bytes], size: int):
    output = b"".join(parts)
    assert cut(output, size) == cut(output, len(output) or 1)


def test_what_can_only_be_log_is_passed_on_at_once():
    lines = StreamLines()
    assert lines.feed(b"a prompt: ") == [(False, b"a prompt: ")]
    assert lines.feed(b"WM_STREAM: x\nWM_S") == [(False, b"WM_STREAM: x\n")]
    assert lines.feed(b"TREAM: y") == [(True, b"y")]
