"""What a scope allows, what it covers, and which texts are none."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.errors import InvalidInput
from headrace.model.scope import parse_scopes


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("scripts:read", ("scripts", "read")),
        ("scripts:read", ("scripts", "read", ("f/a/b",))),
        ("scripts:write", ("scripts", "read")),
        ("scripts:read:f/a/*", ("scripts", "read", ("f/a/b", "f/a/c/d"))),
        ("scripts:read:f/a/b,f/c/*", ("scripts", "read", ("f/c/d",))),
        ("jobs:run", ("jobs", "run:flows", ("f/a/b",))),
        ("jobs:run:scripts:*", ("jobs", "run:scripts", ("f/a/b",))),
    ],
)
def test_it_allows(scope: str, allowed: tuple[Any, ...]):
    assert parse_scopes([scope])[0].allows(*allowed)
    assert str(parse_scopes([scope])[0]) == scope


@pytest.mark.parametrize(
    ("scope", "refused"),
    [
        ("scripts:read", ("scripts", "write")),
        ("scripts:read", ("resources", "read")),
        ("scripts:read:f/a/*", ("scripts", "read")),
        ("scripts:read:f/a/*", ("scripts", "read", ("f/a/b", "f/ab/c"))),
        ("scripts:read:f/a", ("scripts", "read", ("f/a/b",))),
        ("jobs:write", ("jobs", "run")),
        ("jobs:run:scripts", ("jobs", "run")),
        ("jobs:run:scripts", ("jobs", "run:flows")),
        ("jobs:read", ("jobs", "run:scripts")),
    ],
)
def test_it_does_not_allow(scope: str, refused: tuple[Any, ...]):
    assert not parse_scopes([scope])[0].allows(*refused)


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        ("scripts:write", "scripts:read:f/a", True),
        ("scripts:read:f/*", "scripts:read:f/a/*,f/b", True),
        ("scripts:read:f/*", "scripts:read", False),
        ("scripts:read:f/a*", "scripts:read:f/*", False),
        ("scripts:read:f/a", "scripts:read:f/a*", False),
        ("jobs:run", "jobs:run:scripts:f/a", True),
        ("jobs:run:scripts", "jobs:run", False),
    ],
)
def test_it_covers_what_allows_no_more(wide: str, narrow: str, covers: bool):
    assert parse_scopes([wide])[0].covers(parse_scopes([narrow])[0]) is covers


@pytest.mark.parametrize(
    "text",
    ["", "scripts", "scripts:run", "odd:read", "users:read:u/alice/x", "scripts:read:u/é", "jobs:run:apps",
     "scripts:read:", "scripts:read:a:b", "scripts:read:*/x", "x" * 2000, "scripts:read:a,"],
)  # fmt: skip
def test_what_is_no_scope_is_refused_by_its_place(text: str):
    with pytest.raises(InvalidInput, match=r"^scopes\.1: "):
        parse_scopes(["scripts:read", text])


def test_no_scope_at_all_is_refused():
    with pytest.raises(InvalidInput):
        parse_scopes([])
