"""What the slots of one run stand on: an environment, the filter, cgroups, the program of an init."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cage.job import Ground
from benchmarks.cage.recipes import INIT_PROGRAM, NEEDS_CGROUPS, NEEDS_COMPILER
from benchmarks.cage.server import NOBODY, Account
from headrace.runner.cage.system_calls import make_filter

_CONTROLLERS = ("memory", "pids", "cpu")
_UID_IN_NAMESPACE = 1000


@dataclass(frozen=True, slots=True)
class Site:
    """What was found or made on this machine."""

    environment: Path
    filter: bytes
    init_program: Path | None
    cgroups: list[Path]

    def lacks(self, account: Account, recipe: str) -> str | None:
        """Why a recipe can't be tried here, or None."""
        if recipe in NEEDS_CGROUPS and account is not Account.ROOT:
            return "needs cgroups that are writable"
        if recipe in NEEDS_CGROUPS and not self.cgroups:
            return "no cgroup v1 can be made here"
        if recipe == "interpreter" and account is not accounts()[0]:
            return "a floor, the same for every account; other accounts may be unable to read it"
        if recipe in NEEDS_COMPILER and self.init_program is None:
            return "needs a C compiler"
        return None

    def ground(self, account: Account) -> Ground:
        """The ground of one slot."""
        uids = {Account.ROOT: NOBODY, Account.MAPPED: _UID_IN_NAMESPACE, Account.USER: None}
        return Ground(uids[account], self.environment, self.filter, self.cgroups, self.init_program)


@contextmanager
def site() -> Iterator[Site]:
    """Make it, and leave nothing of it behind."""
    # Not in /tmp, which the jobs can't see.
    folder = Path(tempfile.mkdtemp(prefix="cage-", dir="/var/tmp"))
    groups: list[Path] = []
    try:
        folder.chmod(0o755)
        environment = folder / "environment"
        environment.mkdir()
        environment.chmod(0o777)  # so that only the mount keeps a job from writing there
        groups = _make_cgroups(folder.name)
        yield Site(environment, make_filter(), _compile_init(folder), groups)
    finally:
        for group in groups:
            with suppress(OSError):
                group.rmdir()
        shutil.rmtree(folder)


def accounts() -> list[Account]:
    """The accounts that can be tried: root can play them all."""
    return list(Account) if os.geteuid() == 0 else [Account.USER]


def _compile_init(folder: Path) -> Path | None:
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = folder / "init"
    subprocess.run(
        [compiler, "-O2", "-static", "-x", "c", "-o", str(program), "-"],
        input=INIT_PROGRAM.encode(),
        check=True,
    )
    return program


def _make_cgroups(name: str) -> list[Path]:
    made: list[Path] = []
    for controller in _CONTROLLERS:
        group = Path("/sys/fs/cgroup") / controller / name
        with suppress(OSError):
            group.mkdir()
            made.append(group)
    return made
