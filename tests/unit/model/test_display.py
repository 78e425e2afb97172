from __future__ import annotations

import base64
from typing import Any

import pytest

from headrace.model.display import MOST_NESTED, Display, File, Kind, Table, display_of

DATA = b"\x00\x01abc"
ENCODED = base64.b64encode(DATA).decode()
TABLE = Table(["a", "b"], [[1, "x"], [2, None]])
OBJECTS = [{"a": 1, "b": "x"}, {"a": 2}]
APPROVAL = {"resume": "r", "cancel": "c", "enums": {}}
PLACE = {"lat": 48.1, "lon": 16.3}


@pytest.mark.parametrize(
    ("result", "kind", "value"),
    [
        ({"table-col": {"a": [1, 2], "b": ["x", None]}}, Kind.TABLE, TABLE),
        ({"table-row": [["a", "b"], [1, "x"], [2]]}, Kind.TABLE, TABLE),
        ({"table-row": [[1, "b"]]}, Kind.TABLE, Table(["1", "b"], [])),
        ({"table-row-object": OBJECTS}, Kind.TABLE, TABLE),
        ({"table-row-object": [["a", "b"], {"b": "x", "a": 1, "c": 3}, {"a": 2}]}, Kind.TABLE, TABLE),
        ({"table-row-object": []}, Kind.TABLE, Table([], [])),
        ({"html": "<p>"}, Kind.HTML, "<p>"),
        ({"svg": "<svg/>"}, Kind.SVG, "<svg/>"),
        ({"markdown": "# a"}, Kind.MARKDOWN, "# a"),
        ({"md": "# a"}, Kind.MARKDOWN, "# a"),
        ({"file": {"content": ENCODED, "filename": "a.bin"}}, Kind.FILE, File(DATA, "a.bin")),
        ({"png": ENCODED}, Kind.PNG, File(DATA)),
        ({"jpeg": {"content": ENCODED}}, Kind.JPEG, File(DATA)),
        ({"gif": f"data:image/gif;base64,{ENCODED}"}, Kind.GIF, File(DATA)),
        ({"pdf": {"content": ENCODED, "filename": "a.pdf"}}, Kind.PDF, File(DATA, "a.pdf")),
        ({"s3": "a/b"}, Kind.S3, [{"s3": "a/b"}]),
        ({"s3": "a/b", "storage": "x"}, Kind.S3, [{"s3": "a/b", "storage": "x"}]),
        ([{"s3": "a"}, {"s3": "b"}], Kind.S3, [{"s3": "a"}, {"s3": "b"}]),
        ({"error": {"message": "no"}}, Kind.ERROR, {"message": "no"}),
        ({"resume": "r"}, Kind.APPROVAL, {"resume": "r"}),
        (
            {"resume": "r", "cancel": "c", "enums": {}},
            Kind.APPROVAL,
            {"resume": "r", "cancel": "c", "enums": {}},
        ),
        ({"map": PLACE | {"zoom": 3}}, Kind.MAP, PLACE | {"zoom": 3, "markers": []}),
        ({"map": {"markers": [PLACE]}}, Kind.MAP, {"markers": [PLACE]}),
        ({"json": {"md": "x"}}, Kind.JSON, {"md": "x"}),
        (
            {"render_all": [{"md": "x"}, 1]},
            Kind.RENDER_ALL,
            [Display(Kind.MARKDOWN, "x"), Display(Kind.JSON, 1)],
        ),
        (OBJECTS, Kind.TABLE, TABLE),
        ([["a", "b"], [1, "x"], [2, None]], Kind.TABLE, TABLE),
        ({"a": [1, 2], "b": ["x", None]}, Kind.TABLE, TABLE),
    ],
)
def test_a_result_is_shown_as_its_key_or_its_form_says(result: Any, kind: Kind, value: Any):
    assert display_of(result) == Display(kind, value)


@pytest.mark.parametrize(
    "result",
    [
        None,
        3,
        "text",
        [],
        {},
        [1, {"a": 1}],
        [{}],
        [[1, 2], [3, 4]],
        [["a", "b"], [1]],
        {"a": [1], "b": [1, 2]},
        {"a": []},
        {"a": 1},
        {"md": "x", "png": "y"},
        {"resume": "r", "other": 1},
        {"cancel": "c"},
        {"wm_labels": ["x"], "md": "x"},
    ],
    ids=repr,
)
def test_anything_else_is_json(result: Any):
    assert display_of(result) == Display(Kind.JSON, result)


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ({"table-col": {"a": [1], "b": []}}, "same length"),
        ({"table-row": [["a"], [1, 2]]}, "row 1 has more values"),
        ({"table-row": [{"a": 1}]}, "list of lists"),
        ({"table-row-object": [{"a": 1}, 2]}, "list of objects"),
        ({"html": 3}, "must be a string"),
        ({"md": None}, "must be a string"),
        ({"file": ENCODED}, "content"),
        ({"png": "no base64!"}, "is not base64"),
        ({"jpeg": 5}, "base64"),
        ({"s3": 5}, "key of an object"),
        ({"error": "text"}, "message"),
        ({"resume": 5}, "resume must be a URL"),
        ({"map": []}, "lat, lon"),
        ({"map": {"lat": 91, "lon": 0}}, "lat must be a number from -90 to 90"),
        ({"map": {"markers": [{"lat": 1, "lon": "x"}]}}, "markers[0].lon must be a number"),
        ({"map": {"markers": 1}}, "markers must be a list"),
        ({"map": {"zoom": "far"}}, "zoom"),
        ({"render_all": {}}, "list of results"),
    ],
    ids=repr,
)
def test_a_key_without_its_form_is_json_and_says_why(result: Any, problem: str):
    display = display_of(result)
    assert (display.kind, display.value) == (Kind.JSON, result)
    assert display.problem is not None
    assert display.problem.startswith(next(iter(result)))
    assert problem in display.problem


def test_results_in_results_have_an_end():
    result: Any = {"md": "x"}
    for _ in range(MOST_NESTED + 5):
        result = {"render_all": [result]}
    display = display_of(result)
    for _ in range(MOST_NESTED):
        assert display.kind is Kind.RENDER_ALL
        (display,) = display.value
    assert "nested" in (display.problem or "")
