from __future__ import annotations

import json

import pytest

from headrace.model.result_keys import MOST_LABELS, add_stream, read_labels


@pytest.mark.parametrize(
    ("result", "labels"),
    [
        (b'{"wm_labels": ["b", " a "], "x": 1}', ("b", "a")),
        (b' {"wm_labels": []}', ()),
        (b'["wm_labels"]', ()),
        (b'{"x": {"wm_labels": ["a"]}}', ()),
        (b'{"x": "\\"wm_labels\\""}', ()),
        (b"null", ()),
    ],
)
def test_labels_are_read_from_the_top_of_an_object(result: bytes, labels: tuple[str, ...]):
    assert read_labels(result) == (labels, None)


@pytest.mark.parametrize(
    ("asked", "labels"),
    [
        (["a", 1, "", "a", "x" * 201], ("a",)),
        ([f"n{n}" for n in range(60)], tuple(f"n{n}" for n in range(MOST_LABELS))),
        ("a", ()),
        ({"a": 1}, ()),
    ],
)
def test_labels_that_are_left_out_are_told(asked: object, labels: tuple[str, ...]):
    kept, problem = read_labels(json.dumps({"wm_labels": asked}).encode())
    assert kept == labels
    assert "wm_labels" in (problem or "")


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        (b"null", 'a "ä"\n'),
        (b" {} ", {"wm_stream": 'a "ä"\n'}),
        (b'{"n": 1}\n', {"n": 1, "wm_stream": 'a "ä"\n'}),
        (b'{"wm_stream": "mine"}', {"wm_stream": "mine"}),
        (b'{"n": "\\"wm_stream\\""}', {"n": '"wm_stream"', "wm_stream": 'a "ä"\n'}),
    ],
)
def test_a_stream_is_the_result_or_a_key_of_it(result: bytes, wanted: object):
    added = add_stream(result, 'a "ä"\n')
    assert added is not None
    assert json.loads(added) == wanted


@pytest.mark.parametrize("result", [b"[]", b"1", b'"text"'])
def test_a_result_that_is_no_object_has_no_place_for_a_stream(result: bytes):
    assert add_stream(result, "a") is None
