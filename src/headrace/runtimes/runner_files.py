"""Puts the runner where every job can read it, whoever it runs as."""

from __future__ import annotations

import compileall
import hashlib
import os
import shutil
from pathlib import Path

PACKAGE = "headrace_runner"
_BEGIN = f"import sys; sys.path.insert(0, sys.argv.pop(1)); from {PACKAGE}"
BOOTSTRAP = f"{_BEGIN}.job import run; run()"
"""What the interpreter is told; its arguments are the folder that ``place_runner`` gave, and the plan."""
BOOTSTRAP_PROGRAM = f"{_BEGIN}.program import run; run()"
"""The same, to become another program."""

_SOURCE = Path(__file__).parents[1] / "runner"


def place_runner(shared: Path) -> Path:
    """Copy the runner into ``shared``, once for each state of its source; returns what to import it from."""
    sources = sorted(_SOURCE.glob("*.py"))
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in sources)).hexdigest()[:16]
    folder = shared / "runner" / digest
    if folder.is_dir():
        return folder
    folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    aside = folder.with_name(f".{digest}-{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    (aside / PACKAGE).mkdir(parents=True)
    for file in sources:
        shutil.copyfile(file, aside / PACKAGE / file.name)
    compileall.compile_dir(aside, quiet=2, stripdir=str(aside))
    for path in (aside, *aside.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    try:
        aside.rename(folder)
    except OSError:
        shutil.rmtree(aside)  # somebody else was quicker
    return folder
