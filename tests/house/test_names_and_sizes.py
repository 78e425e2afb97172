"""Names that say nothing are not given; modules and functions stay small."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house.tree import PACKAGE, ROOT, modules, shown

FORBIDDEN_NAMES = {"utils", "common", "helpers", "misc", "manager", "service", "core", "base", "types"}
NAMED_ALL_THE_SAME = {"src/headrace/runtimes/base.py"}  # the base class of all runtimes

MODULE_LINES = 600
LONG_MODULES: dict[str, str] = {}  # "src/headrace/…/name.py": the reason, and its decision record

FUNCTION_LINES = 80
LONG_FUNCTIONS: dict[str, str] = {}  # "src/headrace/…/name.py:function": the reason

FOLDER_MODULES = 25


def test_no_module_has_a_name_that_says_nothing():
    odd = {
        shown(path)
        for path in (*modules(), *(folder for folder in PACKAGE.rglob("*") if folder.is_dir()))
        if path.stem in FORBIDDEN_NAMES
    }
    assert odd <= NAMED_ALL_THE_SAME


def test_no_module_is_too_long():
    long = {shown(file) for file in modules() if len(file.read_text().splitlines()) > MODULE_LINES}
    assert long == set(LONG_MODULES), f"more than {MODULE_LINES} lines, or listed and no longer so"


def test_no_function_is_too_long():
    long = {name for file in modules() for name in long_functions(file)}
    assert long == set(LONG_FUNCTIONS), f"more than {FUNCTION_LINES} lines, or listed and no longer so"


def long_functions(file: Path) -> list[str]:
    """The functions of a file that are longer than the house likes."""
    return [
        f"{shown(file)}:{node.name}"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_LINES
    ]


def test_no_folder_is_too_full():
    folders = {file.parent for file in modules()}
    assert not {shown(folder) for folder in folders if len(list(folder.glob("*.py"))) > FOLDER_MODULES}


def test_a_unit_test_lies_where_its_module_lies():
    """``tests/unit/queue/test_claim.py`` (or ``test_claim_order.py``) tells about ``queue/claim.py``."""
    lost: list[str] = []
    for test in sorted((ROOT / "tests" / "unit").rglob("test_*.py")):
        folder = PACKAGE / test.parent.relative_to(ROOT / "tests" / "unit")
        subject = test.stem.removeprefix("test_")
        if not any(
            subject == module.stem or subject.startswith(f"{module.stem}_") for module in folder.glob("*.py")
        ):
            lost.append(shown(test))
    assert not lost
