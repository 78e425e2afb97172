"""The guard of the floors does bark: each contract fails on a copy that breaks it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.tree import PACKAGE, ROOT, tool


def judge(house: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a copy of the package."""
    return subprocess.run(
        [tool("lint-imports"), "--no-logo", "--no-cache", "--config", str(ROOT / "pyproject.toml")],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    shutil.copytree(PACKAGE, tmp_path / "headrace", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("api/odd.py", "import headrace.worker.loop", "Floors"),
        ("queue/odd.py", "from headrace.store import runs", "Floors"),
        ("runtimes/odd.py", "import headrace.db.connection", "Runtimes"),
        ("sandbox/odd.py", "import headrace.db.connection", "Floors"),
        ("model/odd.py", "import headrace.settings", "Floors"),
        ("clock.py", "import headrace.errors", "Floors"),
        ("model/odd.py", "import subprocess", "The model does no IO"),
        ("worker/odd.py", "import asyncpg", "Only packages that own SQL"),
        ("lifecycle/odd.py", "from asyncpg import Connection", "Only packages that own SQL"),
        ("worker/odd.py", "from starlette.requests import Request", "Only the API"),
        ("worker/odd.py", "import click", "Only the CLI"),
        ("utils/__init__.py", "", "Floors"),
        ("helpers.py", "", "Floors"),
    ],
)
def test_a_breach_is_named(house: Path, module: str, line: str, contract: str):
    file = house / "headrace" / module
    file.parent.mkdir(exist_ok=True)
    with file.open("a") as odd:
        odd.write(f"\n{line}\n")

    verdict = judge(house)

    broken = [text for text in verdict.stdout.splitlines() if text.endswith("BROKEN")]
    assert verdict.returncode != 0
    assert [text for text in broken if text.startswith(contract)], verdict.stdout
