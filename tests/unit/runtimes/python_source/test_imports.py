"""Which scripts and packages a module imports."""

from __future__ import annotations

import pytest

from headrace.runtimes.python_source.imports import (
    package_modules,
    read_imports,
    why_not_importable,
    workspace_imports,
)


@pytest.mark.parametrize(
    ("line", "paths"),
    [
        ("import f.reports.weather", {"f/reports/weather"}),
        ("import f.reports.weather as w, u.ann.tools", {"f/reports/weather", "u/ann/tools"}),
        ("from f.reports.weather import Day", {"f/reports/weather", "f/reports/weather/Day"}),
        ("from f.reports import weather, spells", {"f/reports/weather", "f/reports/spells"}),
        ("from u.ann.tools import *", {"u/ann/tools"}),
        ("from .weather import Day", {"f/reports/weather", "f/reports/weather/Day"}),
        ("from . import weather", {"f/reports/weather"}),
        ("from ..sales.orders import total", {"f/sales/orders", "f/sales/orders/total"}),
        ("from ... import weather", set()),
        ("from .... import weather", set()),
        ("import f.reports", set()),
        ("import f", set()),
        ("from f import reports", set()),
        ("import fun.reports.weather", set()),
        ("import os.path", set()),
    ],
)
def test_an_import_names_the_scripts_it_may_mean(line: str, paths: set[str]):
    assert workspace_imports(line, "f/reports/spells") == paths


def test_imports_count_wherever_they_stand():
    content = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import f.a.one
def main():
    import f.a.two
    try:
        import f.a.three
    except ImportError:
        class Inner:
            import f.a.four
"""
    assert workspace_imports(content, None) == {"f/a/one", "f/a/two", "f/a/three", "f/a/four"}


def test_without_a_path_a_relative_import_means_nothing():
    assert workspace_imports("from .weather import Day\nfrom . import x", None) == set()


@pytest.mark.parametrize("content", ["import f.a.b\ndef", "\0", "(" * 5000, "x = '\\N{no such name}'"])
def test_source_that_does_not_parse_imports_nothing(content: str):
    assert workspace_imports(content, "f/a/c") == set()
    assert package_modules(content) == set()


def missing(content: str, *there: str) -> list[tuple[int, str]]:
    """What is missing of a module's imports, and where it is imported."""
    return [
        (item.line, item.missing(there))
        for item in read_imports(content, "f/a/x")
        if not item.is_optional and not item.is_met(there)
    ]


def test_the_other_reading_of_an_import_that_is_there_is_not_missing():
    assert missing("from f.a.b import c", "f/a/b") == []
    assert missing("from f.a.b import c", "f/a/b/c") == []


def test_a_module_is_not_found_in_the_script_above_it():
    assert missing("import f.a.b.c", "f/a/b") == [(1, "f/a/b/c")]


def test_a_name_that_its_folder_does_not_hold_is_missing():
    assert missing("from f.a.b import c, d", "f/a/b/c") == [(1, "f/a/b/d")]


def test_what_is_there_in_no_reading_is_missing_by_line():
    content = "from f.a.d import e\ndef main():\n    from .b import c\n    import f.a.b.c\n"
    assert missing(content, "f/a/bb", "f/a/d") == [(3, "f/a/b"), (4, "f/a/b/c")]


@pytest.mark.parametrize(
    "content",
    [
        "try:\n    import f.a.b\nexcept ImportError:\n    pass",
        "try:\n    import f.a.b\nexcept (KeyError, builtins.ModuleNotFoundError):\n    pass",
        "try:\n    def get():\n        import f.a.b\nexcept:\n    pass",
        "if TYPE_CHECKING:\n    import f.a.b",
        "import typing\nif typing.TYPE_CHECKING:\n    import f.a.b",
    ],
)
def test_what_a_module_can_do_without_is_not_missing(content: str):
    assert missing(content) == []
    assert workspace_imports(content, None) == {"f/a/b"}


@pytest.mark.parametrize(
    "content",
    [
        "try:\n    pass\nexcept ImportError:\n    import f.a.b",
        "try:\n    import f.a.b\nexcept KeyError:\n    pass",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import f.a.b",
    ],
)
def test_what_is_imported_beside_a_guard_is_missing(content: str):
    assert [path for _, path in missing(content)] == ["f/a/b"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("f/a/b", None),
        ("f/a/match", None),
        ("f/a/my-tools", "my-tools"),
        ("f/2fast/x", "2fast"),
        ("f/a/v1.2", "v1.2"),
        ("f/class/x", "class"),
    ],
)
def test_a_path_that_no_import_can_name_is_told(path: str, told: str | None):
    why = why_not_importable(path)
    assert (why is None) == (told is None)
    assert told is None or (why is not None and repr(told) in why)


def test_packages_are_neither_the_standard_library_nor_the_workspace():
    content = (
        "import os, numpy.linalg, u.x.y\nfrom pandas import DataFrame\nfrom f.a.b import c\nfrom . import d"
    )
    assert package_modules(content) == {"numpy.linalg", "pandas.DataFrame"}


def test_packages_imported_within_functions_and_blocks_do_not_count():
    content = (
        "try:\n    import ujson\nexcept ImportError:\n    pass\ndef main():\n    import boto3\nimport six\n"
    )
    assert package_modules(content) == {"six"}
