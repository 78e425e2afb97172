"""uv's explanations, made shorter."""

from __future__ import annotations

import pytest

from headrace.runtimes.python.uv import UvResult
from headrace.runtimes.python.why_unresolved import why_unresolved


def told(*messages: str, **origins: tuple[str, ...]) -> str:
    return why_unresolved(UvResult(False, b"", messages), origins)


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (
            (
                "error: No solution found when resolving dependencies",
                "cause: Because a depends on c<2 and you require a, we can conclude that you require c<2.",
                "And because b depends on c>=2, we can conclude that a and b are incompatible.",
                "And because you require b, we can conclude that your requirements are unsatisfiable.",
            ),
            """No solution found: a depends on c<2 and you require a, so you require c<2.
            And b depends on c>=2, so a and b are incompatible. But you require b.""",
        ),
        (
            (
                "error: Git operation failed",
                "cause: failed to clone into: /cache/git-v2/db/1",
                "cause: fatal",
            ),
            "Git operation failed: fatal.",
        ),
        ((), "uv gave no reason."),
    ],
)
def test_the_cause_is_kept_and_the_rest_is_not(messages: tuple[str, ...], reason: str):
    assert told(*messages) == " ".join(reason.split())


def test_who_asks_for_what_is_named_is_told():
    message = "error: you require a==1 and my-b"
    origins = {"a==1": ("f/x/a", "f/x/b", "f/x/c", "f/x/d"), "My_B": ("f/x/a",), "other": ("f/x/a",)}
    assert why_unresolved(UvResult(False, b"", (message,)), origins) == (
        "you require a==1 and my-b."
        " (a==1 is asked for by f/x/a, f/x/b, f/x/c and 1 more; My_B is asked for by f/x/a)"
    )


def test_not_more_than_ten_are_named():
    names = [f"package{number}" for number in range(12)]
    text = told(f"error: {' '.join(names)}", **dict.fromkeys(names, ("f/x/a",)))
    assert text.count("is asked for by") == 10
    assert text.endswith("; 2 more are named)")


def test_a_package_that_is_not_there_may_be_called_otherwise():
    message = "error: x was not found in the package registry"
    assert told(message).endswith("say so beside it: import x # pin: name.")
    assert "pin" not in told(message, "hint: the index wants a password")


def test_a_password_is_not_told():
    address = "x @ https://me:very-secret@example.com/x.whl"
    assert "very-secret" not in why_unresolved(UvResult(False, b"", ("error: x",)), {address: ("f/x/a",)})
