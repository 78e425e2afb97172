"""Which level of isolation this machine has: found out by a trial, not by looking for signs."""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headrace.runtimes.runner_files import BOOTSTRAP_SERVER, place_runner
from headrace.sandbox.accounts import take_uids
from headrace.sandbox.cage import Cage, Isolation, Limits, Stop
from headrace.sandbox.fork_server import ForkServer, ForkServerFailed, Load
from headrace.sandbox.frames import RESULT
from headrace.sandbox.run import Sinks, follow
from headrace.sandbox.slot_server import SlotLost, Work
from headrace.sandbox.slots import choose_isolation

log = logging.getLogger(__name__)

_FOLDER = "/tmp/trial"  # noqa: S108 - of the job alone
_TRIAL_SECONDS = 30.0
_TRIAL = """
import os
def main(): return [os.getuid(), sorted(os.listdir("/proc/self/fd"))]
"""


async def find_isolation(named: str) -> Isolation:
    """The level that ``auto`` means on this machine, or the one named; raises Misconfigured."""
    why_not = await why_no_sandbox() if named in ("auto", Isolation.SANDBOX) else None
    level = choose_isolation(named, why_not)
    if why_not is not None:
        log.info("isolation %s: this machine gives jobs no sandbox (%s)", level, why_not)
    return level


async def why_no_sandbox() -> str | None:
    """Why jobs can't be kept in a sandbox here, by having one run in it; None where they can."""
    try:
        with _uids() as uids, _runner() as runner:
            await _try(runner, uids)
    except (ForkServerFailed, SlotLost, OSError) as error:
        return str(error)
    return None


async def _try(runner: Path, uids: list[int]) -> None:
    program = getattr(sys, "_base_executable", sys.executable)
    load = Load(
        command=(program, "-I", "-S", "-B", "-X", "utf8", "-c", BOOTSTRAP_SERVER, str(runner)),
        environ={"LANG": "C.UTF-8"},
        level=Isolation.SANDBOX,
        read_only=(str(runner),),
    )
    server = await ForkServer.start(load, uids)
    try:
        cage = Cage(Isolation.SANDBOX, uids[1] if uids else None, Limits(processes=64))
        slot = await server.open_slot(cage)
        ended = await follow(slot.start(_work()), cage, Sinks(), Stop(), _TRIAL_SECONDS)
        slot.close()
    finally:
        await server.close()
    if ended.frame is None or ended.frame.kind != RESULT:
        raise ForkServerFailed(ended.frame.payload.decode() if ended.frame else "a trial job did not answer")


def _work() -> Work:
    job = {"file": "main.py", "module": "main", "path": [], "entry": "main", "preprocess": False}
    environ = {"TMPDIR": str(Path(_FOLDER, "tmp"))}
    plan = {"environ": environ, "files": {"main.py": _TRIAL}, "job": job, "command": None}
    return Work(_FOLDER, json.dumps(plan).encode(), b"{}")


@contextmanager
def _uids() -> Iterator[list[int]]:
    """Two that nobody uses, where this process is root; none elsewhere."""
    taken = take_uids(2) if os.geteuid() == 0 else {}
    try:
        yield list(taken)
    finally:
        for descriptor in taken.values():
            os.close(descriptor)


@contextmanager
def _runner() -> Iterator[Path]:
    """The runner in a place that jobs can reach."""
    with tempfile.TemporaryDirectory(prefix="headrace-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield place_runner(folder)
