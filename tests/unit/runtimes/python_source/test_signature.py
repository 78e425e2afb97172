"""What is told of a function by its source, in all the ways that people write one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.runtimes.python_source.schema import infer_schema
from headrace.runtimes.python_source.signature import Signature, read_signature
from headrace.runtimes.python_source.syntax import parse_python
from tests.ground.forms import PREAMBLE


def signature(content: str, function: str = "main") -> Signature:
    """The signature of a function of a source."""
    return read_signature(parse_python(content), function)


def names(content: str, function: str = "main") -> list[str]:
    """The names of its parameters."""
    return [parameter.name for parameter in signature(content, function).parameters]


@pytest.mark.parametrize(
    "content",
    [
        "def main(a, b=1): ...",
        "async def main(a, b=1): ...",
        "def main(a, /, b=1): ...",
        "def main(a, *, b=1): ...",
        "@decorated(1)\n@again\ndef main(a, b=1): ...",
        "def other(a, b=1): ...\nmain = other",
        "main = other\ndef other(a, b=1): ...\n",
        "main = lambda a, b=1: a",
        "if True:\n    def main(a, b=1): ...\nelse:\n    def main(): ...",
        "try:\n    import x\nexcept ImportError:\n    x = None\ndef main(a, b=1): yield",
        "def main(): ...\ndef main(a, b=1): ...",
        "def main[T](a: T, b: int = 1): ...",
    ],
)
def test_a_function_is_found_however_it_is_written(content: str):
    found = signature(content)
    assert [(each.name, each.has_default, each.default) for each in found.parameters] == [
        ("a", False, None),
        ("b", True, 1),
    ]
    assert not found.is_open
    assert found.error is None


@pytest.mark.parametrize(
    "content", ["from x import main", "main = partial(print, 1)", "main = main", "import main"]
)
def test_of_what_is_made_elsewhere_nothing_is_known(content: str):
    assert signature(content).is_open
    assert signature(content).error is None


def test_other_functions_and_what_a_script_has_besides_are_told():
    content = "def preprocessor(event): ...\ndef main(*args, a, **kwargs): ..."
    assert names(content, "preprocessor") == ["event"]
    found = signature(content)
    assert (found.has_preprocessor, found.is_library) == (True, False)
    assert (found.star_args, found.star_kwargs) == (True, True)
    missing = signature("x = 1", "other")
    assert (missing.error, missing.is_library) == ("the script has no function named other", True)


@pytest.mark.parametrize(
    ("imports", "annotation"),
    [
        ("import datetime", "datetime.date"),
        ("import datetime as d", "d.date"),
        ("from datetime import date", "date"),
        ("from datetime import date as day", "day"),
        ("from datetime import *", "date"),
        ("from datetime import date", "'date'"),
        ("from datetime import date\nDay = date", "Day"),
        ("from datetime import date\ntype Day = date", "Day"),
        ("from datetime import date\nfrom typing import TypeAlias\nDay: TypeAlias = 'date'", "Day"),
        ("from datetime import date\nimport typing_extensions as te", "te.Annotated[date, 1]"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from datetime import date", "date"),
    ],
)
def test_a_name_means_what_it_was_imported_as(imports: str, annotation: str):
    found = signature(f"{imports}\ndef main(x: {annotation}): ...")
    assert found.parameters[0].schema == {"type": "string", "format": "date"}


@pytest.mark.parametrize(
    ("content", "schema"),
    [
        (
            "from f.types.all import postgresql\ndef main(x: postgresql): ...",
            {"type": "object", "format": "resource-postgresql"},
        ),
        (
            "from .types import c_smtp\ndef main(x: c_smtp): ...",
            {"type": "object", "format": "resource-c_smtp"},
        ),
        ("from f.types.all import Movie\ndef main(x: Movie): ...", {}),
        (
            "import wmill\ndef main(x: wmill.S3Object): ...",
            {"type": "object", "format": "resource-s3_object"},
        ),
        ("from other import thing\ndef main(x: thing): ...", {}),
        (
            "DynMultiselect_a = list\ndef main(x: DynMultiselect_a): ...",
            {"type": "array", "items": {"type": "string"}, "format": "dynmultiselect-a"},
        ),
        ("X = 'X'\ndef main(x: X): ...", {}),
        ("class A(A): a: int\ndef main(x: A): ...", {}),
        ("def main(x: " + " | ".join(["int"] * 900) + "): ...", {"type": "integer"}),
        ("def main(x: a" + ".b" * 900 + "): ...", {}),
    ],
)
def test_what_comes_from_elsewhere_or_goes_nowhere(content: str, schema: dict[str, Any]):
    assert signature(content).parameters[0].schema == schema


@settings(max_examples=60, deadline=None)
@given(st.text() | st.text("def main(x:int=1)[],\n |.'", max_size=60).map("def main(x: {}".format))
def test_no_text_breaks_it(content: str):
    assert infer_schema(content)["type"] == "object"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damaged_source_breaks_it(data: st.DataObject):
    content = (
        f"{PREAMBLE}\ndef main(a: Point, b: Named, c: Cat | Dog, d: Size, *, e: Options, f=Colour.RED): ...\n"
    )
    lines = content.splitlines()
    kept = data.draw(st.lists(st.sampled_from(range(len(lines))), max_size=8))
    for line in kept:
        lines[line] = data.draw(st.sampled_from(["", lines[0], lines[line][:-2], *lines[-9:-2]]))
    assert infer_schema("\n".join(lines))["type"] == "object"
