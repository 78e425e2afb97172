"""Puts the runner where every job can read it, whoever it runs as."""

from __future__ import annotations

import compileall
import fcntl
import hashlib
import os
import shutil
from pathlib import Path

from headrace import failpoint

PACKAGE = "headrace_runner"
_BEGIN = f"import sys; sys.path.insert(0, sys.argv.pop(1)); from {PACKAGE}"
BOOTSTRAP = f"{_BEGIN}.job import run_alone; run_alone()"
"""What the interpreter is told; its arguments are the folder that ``place_runner`` gave, and the plan."""
BOOTSTRAP_RESIDENT = f"{_BEGIN} import job, resident; job.run_alone(resident.serve)"
"""The same, to run one job after the other."""
BOOTSTRAP_PROGRAM = f"{_BEGIN}.program import run; run()"
"""The same, to become another program."""
BOOTSTRAP_SERVER = f"{_BEGIN}.fork_server import serve; serve()"
"""The same, to be a fork server."""

_SOURCE = Path(__file__).parents[1] / "runner"


def place_runner(shared: Path) -> Path:
    """Copy the runner into ``shared``, once for each state of its source; returns what to import it from."""
    sources = sorted(_SOURCE.rglob("*.py"))
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in sources)).hexdigest()[:16]
    folder = shared / "runner" / digest
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.parent.chmod(0o755)
    alone = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(alone, fcntl.LOCK_EX)  # what lies aside then is of somebody who is gone
        for aside in folder.parent.glob(".*"):
            shutil.rmtree(aside)
        if not folder.is_dir():
            _make(folder, sources)
    finally:
        os.close(alone)
    return folder


def _make(folder: Path, sources: list[Path]) -> None:
    aside = folder.with_name(f".{folder.name}")
    for file in sources:
        copy = aside / PACKAGE / file.relative_to(_SOURCE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    failpoint.reach_in_thread("runner_half_copied")
    compileall.compile_dir(aside, quiet=2, stripdir=str(aside))
    for path in (aside, *aside.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    failpoint.reach_in_thread("runner_before_rename")
    aside.rename(folder)
