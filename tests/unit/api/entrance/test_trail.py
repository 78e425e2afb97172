from __future__ import annotations

import pytest

from headrace.api.entrance.trail import begin_trail, shown_path

TOKEN = "0123456789abcdef" * 4


def given_id(*values: bytes) -> str:
    headers = [(b"x-request-id", value) for value in values]
    return begin_trail({"method": "GET", "path": "/", "headers": headers}).id


def test_a_well_formed_id_is_taken_over():
    for value in (b"a", b"A-1", b"x" * 64):
        assert given_id(value) == value.decode()


@pytest.mark.parametrize(
    "value", [b"", b"x" * 65, b"a b", b"a\nb", b"a_b", "é".encode(), b"a\r\nSet-Cookie: x"]
)
def test_any_other_id_is_replaced(value: bytes):
    made = given_id(value)
    assert made != given_id(value)
    assert len(made) == 16
    assert given_id(value, b"second") == "second"


def test_a_path_is_logged_in_one_line_and_without_what_may_be_secret():
    assert shown_path("/api/w/a/x/u/alice/script") == "/api/w/a/x/u/alice/script"
    assert shown_path(f"/api/x/{TOKEN}") == "/api/x/***"
    assert shown_path(f"/api/x/{TOKEN}/y/job_{TOKEN}") == "/api/x/***/y/***"
    uuid = "00000000-0000-4000-8000-000000000000"
    assert shown_path(f"/get/{uuid}") == f"/get/{uuid}"
    assert shown_path("/a\n2026-01-01 server: forged") == "/a%0A2026-01-01%20server%3A%20forged"
    assert len(shown_path("/x y" * 1000)) <= 300
