"""Runs ``headrace`` as its users do, and sees what a command leaves behind.

A process belongs to an installation if its data folder stands in its command line, its environment or
its current folder, or if it runs under a uid that the installation's worker holds.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from headrace.sandbox.accounts import LOCKS
from tests.ground.alive import living
from tests.ground.processes import Process
from tests.ground.witness import until_gone

PROGRAM = Path(sys.executable).with_name("headrace")
_PATIENCE_SECONDS = 40


@dataclass(frozen=True)
class Ended:
    """A command that is over."""

    code: int
    output: str
    errors: str


@dataclass
class Up:
    """A running ``headrace up``, its superadmin's token, and the workspace that is always there."""

    process: Process
    url: str
    token: str
    data_dir: Path
    workspace: str = "admins"

    def client(self, token: str | None = None, **options: Any) -> httpx.AsyncClient:
        """An HTTP client of its API, with the superadmin's token unless another is given."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        # There is no TLS here, and to make ready for it takes longer than most requests.
        options = {"timeout": 30, "trust_env": False, "verify": False} | options
        return httpx.AsyncClient(base_url=f"{self.url}/api", headers=headers, **options)

    def in_workspace(self) -> httpx.AsyncClient:
        """The same, with paths that begin after the workspace."""
        client = self.client()
        client.base_url = f"{self.url}/api/w/{self.workspace}"
        return client

    async def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end; it has to end well and to leave nothing."""
        uids = uids_of(self.data_dir)
        self.process.signal(number)
        code = await self.process.ends()
        assert code == 0, self.process.output
        assert not family_of(self.data_dir), f"processes are left:\n{self.process.output}"
        assert_unused(uids)

    async def kill(self) -> None:
        """SIGKILL it, and wait until all that belonged to it is over."""
        family = family_of(self.data_dir)
        await self.process.kill()
        for pid in family:
            await until_gone(pid)
        # What was started while they ended.
        for pid in family_of(self.data_dir):
            await until_gone(pid)


async def start_up(data_dir: Path, *arguments: str, **settings: Any) -> Up:
    """Run ``headrace up`` on a free port, and wait until it says that it is there and takes jobs."""
    settings = {"port": 0, "data_dir": data_dir} | settings
    process = await start("up", *arguments, **settings)
    try:
        line = await process.says(r"^Headrace is up at ")
        await process.says("takes jobs tagged")
        left = json.loads((data_dir / "client.json").read_text())
        assert left["url"] == line.rpartition(" ")[2]
        return Up(process, left["url"], left["token"], data_dir)
    except BaseException:
        await process.kill()
        raise


async def start(*arguments: str, **settings: Any) -> Process:
    """Start a command; ``settings`` become its environment, and there are no others."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *arguments,
        env=_environ(settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    return Process(" ".join(("headrace", *arguments)), process)


async def run(*arguments: str, typed: str = "", wrapper: Sequence[str] = (), **settings: Any) -> Ended:
    """Run a command to its end, if need be by another program."""
    process = await asyncio.create_subprocess_exec(
        *wrapper,
        PROGRAM,
        *arguments,
        env=_environ(settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            output, errors = await process.communicate(typed.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise AssertionError(f"headrace {' '.join(arguments)} does not end") from None
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), errors.decode())


def family_of(data_dir: Path) -> list[int]:
    """The processes that belong to the installation in a data folder."""
    return [pid for pid in living() if os.fsencode(data_dir) in _traces(pid)]


def pids_of(data_dir: Path, command: str) -> list[int]:
    """Those of them that are one of our commands, such as ``server``."""
    found: list[int] = []
    for pid in family_of(data_dir):
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"headrace.cli.main" in words and command.encode() in words:
                found.append(pid)
    return found


def uids_of(data_dir: Path) -> list[int]:
    """The uids that the installation's worker holds for its jobs."""
    names: list[str] = []
    for pid in pids_of(data_dir, "worker"):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                target = descriptor.readlink()
                if target.parent == LOCKS:
                    names.append(target.name)
    return [int(name.removeprefix("uid-")) for name in names]


def assert_unused(uids: list[int]) -> None:
    """Nothing runs under uids whose holder is over, unless somebody else has taken them since."""
    for uid in uids:
        descriptor = os.open(LOCKS / f"uid-{uid}", os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            assert not [pid for pid in living() if _uid(pid) == uid], f"uid {uid} has processes"
        except BlockingIOError:
            pass
        finally:
            os.close(descriptor)


def _environ(settings: dict[str, Any]) -> dict[str, str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    return environ | {f"HEADRACE_{name.upper()}": str(value) for name, value in settings.items()}


def _traces(pid: int) -> bytes:
    parts: list[bytes] = []
    place = Path(f"/proc/{pid}")
    for name in ("cmdline", "environ"):
        with suppress(OSError):
            parts.append((place / name).read_bytes())
    with suppress(OSError):
        parts.append(os.fsencode((place / "cwd").readlink()))
    return b"\0".join(parts)


def _uid(pid: int) -> int | None:
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return None
