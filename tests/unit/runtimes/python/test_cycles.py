"""Scripts that import one another in a circle."""

from __future__ import annotations

import json

from headrace.model.outcome import Outcome, Status, failure
from headrace.runtimes.base import Code
from headrace.runtimes.python.cycles import import_cycles, name_cycles


def code(content: str, **modules: str) -> Code:
    """The script ``f/a/x``, and others in its folder."""
    return Code(content, "python3", path="f/a/x", modules={f"f/a/{n}": text for n, text in modules.items()})


def test_a_circle_is_told_once_however_long():
    circle = code("from .y import a", y="from f.a.z import b", z="import f.a.x\nimport f.a.w", w="x = 1")
    assert import_cycles(circle) == ["f/a/x → f/a/y → f/a/z → f/a/x"]


def test_circles_apart_are_told_one_by_one():
    two = code("import f.a.y", y="from . import x", p="from . import q", q="from . import p")
    assert import_cycles(two) == ["f/a/p → f/a/q → f/a/p", "f/a/x → f/a/y → f/a/x"]


def test_a_script_that_imports_itself_is_a_circle():
    assert import_cycles(code("import f.a.x")) == ["f/a/x → f/a/x"]


def test_a_diamond_is_no_circle():
    assert import_cycles(code("from . import y, z", y="from . import w", z="from . import w", w="")) == []


def test_a_failure_by_a_circle_names_it():
    circle = code("from .y import a", y="from .x import b")
    message = "cannot import name 'b' from partially initialized module 'f.a.x'"
    outcome = name_cycles(failure("ImportError", message, stack="…"), circle)
    error = json.loads(outcome.result)["error"]
    assert error["message"] == f"{message}; scripts import one another in a circle: f/a/x → f/a/y → f/a/x"
    assert (error["name"], error["stack"], outcome.status) == ("ImportError", "…", Status.FAILURE)


def test_other_outcomes_stay_as_they_are():
    circle = code("from .y import a", y="from .x import b")
    for outcome in (failure("ValueError", "no"), Outcome(Status.SUCCESS, b'"partially initialized module"')):
        assert name_cycles(outcome, circle) is outcome
