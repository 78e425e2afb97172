"""The runner runs beside a job: on the standard library alone, and nobody imports it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from tests.house.tree import PACKAGE, modules, shown

RUNNER = PACKAGE / "runner"


def imports(file: Path) -> list[str]:
    """The modules that a file imports by their full names, wherever in it."""
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


NEWER = {"annotationlib"}
"""Of the standard library of a Python newer than ours (3.14)."""


def test_the_runner_imports_the_standard_library_and_itself_only():
    own = {file.stem for file in RUNNER.rglob("*.py")}
    foreign = {
        f"{shown(file)}: {name}"
        for file in RUNNER.rglob("*.py")
        for name in imports(file)
        if name.split(".")[0] not in sys.stdlib_module_names | NEWER | own
        and not name.startswith("headrace.runner")
    }
    assert not foreign


def test_nobody_imports_the_runner():
    importers = {
        shown(file)
        for file in modules()
        if not file.is_relative_to(RUNNER)
        and any(name == "headrace.runner" or name.startswith("headrace.runner.") for name in imports(file))
    }
    assert not importers
