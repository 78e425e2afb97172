"""Emails are compared however they are written, and name one user each."""

from __future__ import annotations

import pytest

from headrace.errors import InvalidInput
from headrace.model.email import check_email, username_of


@pytest.mark.parametrize(
    "text", ["alice@acme.test", "ALICE@Acme.Test", " alice@acme.test", "\uff41lice@acme.test"]
)
def test_letters_that_only_look_another_way_are_the_same(text: str):
    assert check_email(text) == "alice@acme.test"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "@acme.test",
        "alice@",
        "a@b@c",
        "\u0430@acme.test",
        "alice@acme.test\n x",
        "x" * 251 + "@a.b",
    ],
)
def test_what_is_no_email_is_refused(text: str):
    with pytest.raises(InvalidInput):
        check_email(text)


@pytest.mark.parametrize(
    ("email", "name"), [("a.b+c@x.y", "a_b_c"), ("x" * 80 + "@y", "x" * 50), ("!#@x", "__"), ("-a@x", "user")]
)
def test_a_username_is_made_of_an_email(email: str, name: str):
    assert username_of(email) == name
