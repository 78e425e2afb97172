"""The guard of the floors does bark: each contract fails on a copy that breaks it."""

from __future__ import annotations

import os
import re
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


BREACHES = [
    ("api/odd.py", "import headrace.worker.loop", "Floors"),
    ("queue/odd.py", "from headrace.store import runs", "Floors"),
    ("runtimes/odd.py", "import headrace.db.connection", "Runtimes"),
    ("sandbox/odd.py", "import headrace.db.connection", "Floors"),
    ("model/odd.py", "import headrace.settings", "Floors"),
    ("clock.py", "import headrace.errors", "Floors"),
    ("model/odder.py", "import subprocess", "The model does no IO"),
    ("worker/odd.py", "import asyncpg", "Only packages that own SQL"),
    ("lifecycle/odd.py", "from asyncpg import Connection", "Only packages that own SQL"),
    ("worker/odder.py", "from starlette.requests import Request", "Only the API"),
    ("worker/oddest.py", "import click", "Only the CLI"),
]


def test_every_breach_is_named_by_its_contract(house: Path):
    for module, line, _ in BREACHES:
        with (house / "headrace" / module).open("a") as odd:
            odd.write(f"\n{line}\n")

    verdict = judge(house)

    assert verdict.returncode != 0
    # After the summary each broken contract tells of its breaches, under its name and a rule.
    told = re.split(r"\n(?=[^\n]+\n-{10,}\n)", verdict.stdout)
    for module, _, contract in BREACHES:
        name = "headrace." + module.removesuffix(".py").replace("/", ".")
        assert [part for part in told if part.startswith(contract) and name in part], (name, verdict.stdout)


@pytest.mark.parametrize("module", ["utils/__init__.py", "helpers.py"])
def test_a_module_without_a_floor_is_named(house: Path, module: str):
    file = house / "headrace" / module
    file.parent.mkdir(exist_ok=True)
    file.touch()

    verdict = judge(house)

    assert verdict.returncode != 0
    assert module.partition("/")[0].removesuffix(".py") in verdict.stdout + verdict.stderr
