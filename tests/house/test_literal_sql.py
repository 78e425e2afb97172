"""The type checker lets no text that was put together at run time pass as SQL."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.house.tree import tool

SAMPLE = """
from typing import LiteralString

def execute(sql: LiteralString) -> str:
    return sql

def fine() -> str:
    return execute("select 1 " + "where true")

def odd(name: str) -> str:
    return execute(f"select * from {name}")
"""


def test_an_f_string_is_not_a_literal(tmp_path: Path):
    (tmp_path / "sample.py").write_text(SAMPLE)
    (tmp_path / "pyproject.toml").write_text('[tool.basedpyright]\ntypeCheckingMode = "strict"\n')
    found = subprocess.run(
        [tool("basedpyright"), "--project", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert found.stdout.count(" - error: ") == 1, found.stdout
    assert "sample.py:11:" in found.stdout
    assert '"LiteralString"' in found.stdout
