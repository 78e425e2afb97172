"""What the house rules look at: the project's folder and the files in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "headrace"

_NOT_OURS = {".git", ".venv", "__pycache__", "build", "dist"}


def tool(name: str) -> str:
    """The path of a program that was installed with the tests."""
    return str(Path(sys.executable).with_name(name))


def modules() -> list[Path]:
    """Every Python file of the program."""
    return sorted(PACKAGE.rglob("*.py"))


def own_files() -> list[Path]:
    """Every file that belongs to the project: those git knows or would take in."""
    listed = subprocess.run(
        [
            "git",
            "-c",
            f"safe.directory={ROOT}",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        files = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:  # a copy without its history
        files = [file for file in ROOT.rglob("*") if not _NOT_OURS & set(file.relative_to(ROOT).parts)]
    return sorted(file for file in files if file.is_file())


def shown(file: Path) -> str:
    """The name of a file as a person would say it."""
    return str(file.relative_to(ROOT))
