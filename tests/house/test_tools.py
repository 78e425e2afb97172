"""The tools find nothing. Each says on its own how to mend what it names; `make fix` mends much of it."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.house.tree import PACKAGE, ROOT, shown, tool

MIGRATIONS = sorted((PACKAGE / "db" / "migrations").glob("*.sql"))


def complaints(*command: str) -> str:
    """Run a tool; what it printed if it was not content."""
    environ = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("ruff", "format", "--diff", "--quiet", "."), id="format"),
        pytest.param(("ruff", "check", "--quiet", "."), id="lint"),
        pytest.param(("basedpyright",), id="types", marks=pytest.mark.timeout(300)),
        pytest.param(("lint-imports", "--no-logo", "--no-cache"), id="floors"),
        pytest.param(("deptry", "--no-ansi", "src"), id="dependencies"),
        pytest.param(("squawk", *(shown(file) for file in MIGRATIONS)), id="migrations"),
    ],
)
def test_the_tool_is_content(command: tuple[str, ...]):
    found = complaints(tool(command[0]), *command[1:])
    if found:
        pytest.fail(found, pytrace=False)
