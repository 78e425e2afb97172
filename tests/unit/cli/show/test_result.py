from __future__ import annotations

import base64
import struct
from typing import Any

import pytest

from headrace.cli.show.result import _SHOWN, MOST_ROWS, show_result, size_in_words
from headrace.model.display import Kind

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 900, 500) + bytes(40)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("key", ["markdown", "md"])
def test_markdown_is_shown_as_it_is(key: str):
    assert show_result({key: "\n## Title\n\n- **one**\n"}) == "## Title\n\n- **one**"


def test_a_list_of_objects_is_a_table_with_numbers_to_the_right():
    rows = [{"name": "rain", "mm": 7.25, "days": 12}, {"name": "snow", "mm": 110.0, "days": None}]
    assert show_result(rows).splitlines() == [
        "name      mm  days",
        "────  ──────  ────",
        "rain    7.25    12",
        "snow  110.00",
    ]


@pytest.mark.parametrize(
    "result",
    [
        {"table-row": [["a", "b"], [1, "x"], [2, "y"]]},
        {"table-col": {"a": [1, 2], "b": ["x", "y"]}},
        {"table-row-object": [["a", "b"], {"b": "x", "a": 1}, {"a": 2, "b": "y", "c": 3}]},
        [["a", "b"], [1, "x"], [2, "y"]],
        {"a": [1, 2], "b": ["x", "y"]},
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
    ],
)
def test_every_form_of_a_table_looks_the_same(result: Any):
    assert show_result(result).splitlines() == ["a  b", "─  ─", "1  x", "2  y"]


def test_a_long_table_ends_with_how_many_rows_are_left():
    lines = show_result([{"n": number} for number in range(100)]).splitlines()
    assert len(lines) == 2 + MOST_ROWS + 1
    assert lines[-1] == f"… and {100 - MOST_ROWS} more rows"


def test_columns_that_do_not_fit_are_named():
    lines = show_result([{f"column{n}": "x" * 30 for n in range(4)}], width=70).splitlines()
    assert lines[-1] == "… and the columns column2, column3"
    assert max(len(line) for line in lines) <= 70


def test_wide_and_combining_characters_keep_columns_aligned():
    lines = show_result([{"city": "東京", "n": 1}, {"city": "Ko\u0308ln", "n": 2}]).splitlines()
    assert lines == ["city  n", "────  ─", "東京  1", "Ko\u0308ln  2"]


def test_numbers_with_exponents_are_left_as_they_are():
    assert show_result([{"x": 1e-9}, {"x": 2.5}]).splitlines()[2:] == ["1e-09", "  2.5"]


def test_an_image_is_named_with_its_size():
    assert show_result({"png": encoded(PNG)}) == f"[PNG image, 900 x 500 pixels, {len(PNG)} bytes]"
    assert show_result({"png": {"content": encoded(PNG)}}) == show_result({"png": encoded(PNG)})
    assert show_result({"png": "data:image/png;base64," + encoded(PNG)}) == show_result({"png": encoded(PNG)})
    assert show_result({"svg": "<svg/>"}) == "[SVG image, 6 bytes]"
    assert show_result({"file": {"content": encoded(b"abc"), "filename": "a.csv"}}) == "[file a.csv, 3 bytes]"


def test_several_displays_follow_each_other():
    shown = show_result({"render_all": [{"md": "text"}, [{"a": 1}], {"json": {"md": "raw"}}]})
    assert shown == 'text\n\na\n─\n1\n\n{"md": "raw"}'


def test_an_error_ends_with_its_name_and_message():
    error = {"name": "ValueError", "message": "no such place", "stack": "File x, line 1\n"}
    assert show_result({"error": error}) == "File x, line 1\nValueError: no such place"
    assert show_result({"error": {"message": "no"}}) == "Error: no"


@pytest.mark.parametrize(
    "result",
    [{"png": "no base64!"}, {"md": 5}, {"table-row": "x"}, {"error": "text"}, {"md": "x", "png": "y"}],
)
def test_a_rich_key_without_its_form_is_shown_as_json(result: Any):
    assert show_result(result).startswith('{"')


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (12345678901234567890, "12345678901234567890"),
        ("ü", '"ü"'),
        ([], "[]"),
    ],
)
def test_anything_else_is_json(result: Any, shown: str):
    assert show_result(result) == shown


def test_json_takes_one_line_for_what_fits_into_it():
    result = {"first": {"a": 1, "b": [1, 2]}, "second": "x" * 30, "third": list(range(20))}
    assert show_result(result, width=60).splitlines()[:3] == [
        "{",
        '  "first": {"a": 1, "b": [1, 2]},',
        f'  "second": "{"x" * 30}",',
    ]
    assert '  "third": [' in show_result(result, width=60).splitlines()


def test_a_very_long_text_is_cut():
    assert (
        show_result({"a": "x" * 1000, "b": 1}).splitlines()[1] == f'  "a": "{"x" * 80}…" (1,000 characters),'
    )


def test_nothing_in_a_result_moves_the_cursor():
    assert show_result({"md": "a\x1b[2Jb\x07\rc\x9b1m"}) == "abc1m"
    assert "\x1b" not in show_result([{"a\x1b[31m": "\x1b]0;title\x07"}])


def test_every_kind_is_shown():
    assert set(_SHOWN) == set(Kind)


def test_sizes_have_units():
    assert [size_in_words(size) for size in (5, 53_100, 2_500_000)] == ["5 bytes", "53.1 kB", "2.5 MB"]


def test_a_key_without_its_form_says_why_below_the_json():
    assert show_result({"md": 5}) == '{"md": 5}\n… shown as JSON: md: must be a string'


def test_objects_maps_and_approvals_are_told_in_lines():
    assert show_result([{"s3": "a/b"}, {"s3": "c", "storage": "cold"}]) == (
        "[S3 object a/b]\n[S3 object c in storage cold]"
    )
    assert show_result({"resume": "http://x/r", "cancel": "http://x/c"}) == (
        "resume: http://x/r\ncancel: http://x/c"
    )
    markers = [{"lat": 48.1, "lon": 16.3, "title": "Vienna"}]
    shown = show_result({"map": {"lat": 48, "lon": 16, "zoom": 3, "markers": markers}})
    assert shown.splitlines()[0] == "[map around 48, 16]"
    assert "Vienna" in shown
    assert show_result({"map": {"zoom": 3}}) == "[map around its markers]"
