"""What a worker does with packages, in a process of its own that can be killed.

``python -m tests.ground.installer '{"root": …}'`` does the ``deeds`` in turn, and prints what each gave.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import certifi

from headrace.runtimes.base import Folders
from headrace.runtimes.python.environment_cache import Bounds
from headrace.runtimes.python.environments import PythonEnvironments
from headrace.runtimes.python.interpreter import own_interpreter
from headrace.runtimes.python.lock import lock_python
from headrace.runtimes.python.shelf import Loan, Shelf
from headrace.runtimes.python.uv import UvTool
from headrace.runtimes.runner_files import place_runner
from headrace.sandbox.cage import Cage, Isolation

ROOT = Path(__file__).parents[2]


@dataclass
class Log:
    """A LogSink that keeps all it is given."""

    text: str = ""

    async def write(self, data: bytes) -> None:
        self.text += data.decode()


@dataclass
class Installer:
    """One data folder, an index to get packages from, and the bounds of what is kept."""

    root: Path
    index: str
    most_environments: int = sys.maxsize
    most_downloads: int = sys.maxsize
    log: Log = field(default_factory=Log)

    def __post_init__(self) -> None:
        self.folders = Folders(self.root / "shared", self.root / "cache", self.root / "jobs")
        environ = {
            "UV_DEFAULT_INDEX": self.index,
            "SSL_CERT_FILE": certifi.where(),  # or pip would be asked, which takes a while
            "UV_HTTP_RETRIES": "0",
            "PATH": os.defpath,
        }
        self.uv = UvTool.find(self.folders.cache, environ)
        bounds = Bounds(self.most_environments, self.most_downloads)
        self.environments = PythonEnvironments(self.folders, self.uv, bounds)

    async def lock(self, *requirements: str) -> str:
        """A lock made of requirement lines."""
        version = own_interpreter().version
        return await lock_python(self.uv, list(requirements), version, self.log, asyncio.Event())

    async def install(self, lock: str) -> Loan:
        """The environment of a lock, borrowed."""
        cage = Cage(Isolation.PROCESS, None)
        loan = await self.environments.ensure(lock, own_interpreter(), cage, self.log, asyncio.Event())
        assert loan is not None
        return loan

    async def tidy_up(self) -> None:
        """Do what a worker does at its start and after an installation, and wait for its end."""
        self.environments.tidy_up_soon()
        await self.environments.until_tidy()

    def names(self) -> set[str]:
        """The environments that are there."""
        return {path.name for path in (self.folders.shared / "environments").glob("[!.]*")}

    def size(self) -> int:
        """The room that all environments take, in bytes."""
        return sum(kept.size for kept in Shelf(self.folders.shared / "environments").contents())

    def debris(self) -> list[str]:
        """What nobody needs: half-made folders, locks, records of what is not there, uv's own leftovers."""
        shared = self.folders.shared
        aside = [
            *shared.glob("*/.making/*"),
            *shared.glob("runner/.*"),
            *(self.folders.cache / "uv").glob(".tmp*"),
        ]
        records = [
            record for record in shared.glob("environments/.used/*") if record.name not in self.names()
        ]
        return [str(path) for path in (*aside, *records)]


async def start(
    root: Path, index: str, *deeds: tuple[str, Any], failpoints: str = "", **bounds: int
) -> asyncio.subprocess.Process:
    """Start one that does these deeds, such as ``("install", lock)`` and ``("wait", None)``."""
    plan = {"root": str(root), "index": index, "deeds": deeds, **bounds}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.ground.installer", json.dumps(plan),
        cwd=ROOT,
        env={**os.environ, "HEADRACE_FAILPOINTS": failpoints},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip


def imported(folder: Path, module: str) -> str:
    """The ``VALUE`` of a module of an environment, as a job sees it."""
    program = f"import sys; sys.path.insert(0, sys.argv[1]); import {module}; print({module}.VALUE)"
    command = [own_interpreter().path, "-I", "-S", "-B", "-c", program, folder]
    return subprocess.check_output(command, text=True).strip()


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and not yet waited for."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in children.read_text().split()]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


async def _do(installer: Installer, deed: str, argument: Any) -> Any:
    match deed:
        case "lock":
            return await installer.lock(argument)
        case "install":
            loan = await installer.install(argument)
            return str(loan.path)  # borrowed as long as this process lives
        case "use":
            with await installer.install(argument) as loan:
                return str(loan.path)
        case "tidy_up":
            return await installer.tidy_up()
        case "place_runner":
            return str(place_runner(installer.folders.shared))
        case "wait":
            return await asyncio.to_thread(sys.stdin.readline)
        case _:
            raise ValueError(deed)


async def _main() -> None:
    plan = json.loads(sys.argv[1])
    deeds = plan.pop("deeds")
    installer = Installer(**plan | {"root": Path(plan["root"])})
    for deed, argument in deeds:
        print(json.dumps([deed, await _do(installer, deed, argument)]), flush=True)
    await installer.environments.until_tidy()


if __name__ == "__main__":
    asyncio.run(_main())
