from __future__ import annotations

import json
from typing import Any

import pytest

from headrace.api.sync_answer import answer_with
from headrace.errors import UnusableResult
from headrace.model.outcome import Status


def answer(result: Any, status: Status = Status.SUCCESS):
    return answer_with(status, result if isinstance(result, bytes) else json.dumps(result).encode())


@pytest.mark.parametrize(
    "result",
    [b"null", b'"<script>"', b'{"n": 1.10}', b'{"result": 1}', b'["windmill_status_code"]',
     b'"windmill_status_code"', b'{"a": {"windmill_status_code": 500}}'],
)  # fmt: skip
def test_a_result_is_sent_as_json_as_it_came(result: bytes):
    said = answer(result)
    assert (said.status_code, said.body, said.media_type) == (200, result, "application/json")


@pytest.mark.parametrize(
    ("result", "status_code", "content_type", "body"),
    [
        ({"windmill_status_code": 404, "result": {"n": 1}}, 404, "application/json", b'{"n": 1}'),
        (b'{"windmill_status_code": 201, "result":  1.10 }', 201, "application/json", b"1.10"),
        ({"windmill_status_code": 204}, 204, None, b""),
        ({"windmill_status_code": 204, "result": 1}, 204, None, b""),
        ({"windmill_status_code": 302, "windmill_headers": {"Location": "/x"}}, 302, None, b""),
        ({"windmill_content_type": "text/csv", "result": "a,é\n"}, 200, "text/csv", "a,é\n".encode()),
        ({"windmill_content_type": "text/html; charset=utf-8", "result": "<p>"}, 200,
         "text/html; charset=utf-8", b"<p>"),
        ({"windmill_content_type": "application/ld+json", "result": [1]}, 200, "application/ld+json", b"[1]"),
        ({"windmill_headers": {"X-A": "b c", "x-n": 3}, "result": "x"}, 200, "application/json", b'"x"'),
        ({"windmill_status_code": None, "result": 1}, 200, "application/json", b"1"),
    ],
)  # fmt: skip
def test_a_result_may_say_how_it_is_answered(
    result: Any, status_code: int, content_type: str | None, body: bytes
):
    said = answer(result)
    assert (said.status_code, said.headers.get("content-type"), said.body) == (
        status_code,
        content_type,
        body,
    )
    for name, value in (result.get("windmill_headers") or {} if isinstance(result, dict) else {}).items():
        assert said.headers[name] == str(value)


def test_no_browser_takes_a_result_for_a_page_of_ours():
    for result in (1, {"windmill_content_type": "text/html", "result": "<script>alert(1)</script>"}):
        headers = answer(result).headers
        assert headers["content-security-policy"] == "sandbox"
        assert headers["x-content-type-options"] == "nosniff"


def test_an_error_is_answered_as_it_is():
    error = {"error": {"name": "E", "message": "m"}, "windmill_status_code": 404}
    for status in (Status.FAILURE, Status.CANCELED):
        said = answer(error, status)
        assert (said.status_code, json.loads(bytes(said.body))) == (200, error)


BAD_STATUSES = [99, 100, 199, 600, 1000, -1, 200.0, "200", True, [], {}]
BAD_TYPES = ["", "text", "text/", "/html", "text/html\r\nX: y", "text/html; a", "té/x", 1, "a/" + "b" * 200]
BAD_HEADERS: list[Any] = [
    [],
    "X: y",
    {"": "x"},
    {"a b": "x"},
    {"a:": "x"},
    {"a\r\nb": "x"},
    {"é": "x"},
    {"X": "a\r\nSet-Cookie: b"},
    {"X": "a\nb"},
    {"X": "a\x00b"},
    {"X": "é"},
    {"X": " a"},
    {"X": None},
    {"X": ["a"]},
    {"X": True},
    {"X": "a", "x": "b"},
    {"Content-Type": "text/html"},
    {"Set-Cookie": "token=x"},
    {"Transfer-Encoding": "chunked"},
    {"content-length": "0"},
    {"Connection": "close"},
    {"Alt-Svc": "clear"},
    {"Content-Security-Policy": "default-src *"},
    {"X-Content-Type-Options": ""},
    {f"x-{number}": "a" for number in range(51)},
    {"x": "a" * 9000},
]


def test_what_cannot_be_answered_is_an_error():
    for key, values in (
        ("windmill_status_code", BAD_STATUSES),
        ("windmill_content_type", BAD_TYPES),
        ("windmill_headers", BAD_HEADERS),
    ):
        for value in values:
            with pytest.raises(UnusableResult, match=f"^{key} in the result: ") as raised:
                answer({key: value, "result": 1})
            assert len(str(raised.value).splitlines()) == 1
