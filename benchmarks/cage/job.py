"""What the process of one job does with itself before it runs any of the job's code."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import select
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from headrace.runner.cage import linux

Step = tuple[str, Callable[[], None]]

TMPFS = "size=64m,nr_inodes=64k,mode=1777"
ARGUMENTS, RESULT, LIFELINE = 3, 4, 5
"""The descriptors of every job besides 0, 1 and 2."""


@dataclass(slots=True)
class Ground:
    """What the jobs of one slot share."""

    uid: int | None
    environment: Path
    filter: bytes
    cgroups: list[Path] = field(default_factory=list[Path])
    init_program: Path | None = None
    lifeline: int = -1
    """A pidfd of the server: readable once the server is dead."""


def fresh_mounts(ground: Ground) -> list[Step]:
    """All of a job's mounts made for each job."""
    return [
        ("unshare mounts, ipc", lambda: linux.unshare(linux.NEW_MOUNTS | linux.NEW_IPC)),
        ("make private", linux.make_mounts_private),
        ("bind environment", lambda: linux.bind(str(ground.environment), str(ground.environment))),
        ("make it read-only", lambda: linux.make_read_only(str(ground.environment))),
        ("mount /proc", lambda: linux.mount_proc("/proc")),
        *_private_folders(),
    ]


def few_mounts(*, proc: bool) -> list[Step]:
    """Only what differs from job to job; the server's own namespace has the rest."""
    return [
        ("unshare mounts, ipc", lambda: linux.unshare(linux.NEW_MOUNTS | linux.NEW_IPC)),
        *([("mount /proc", lambda: linux.mount_proc("/proc"))] if proc else []),
        *_private_folders(),
    ]


def _private_folders() -> list[Step]:
    return [
        ("tmpfs /tmp", lambda: linux.mount_tmpfs("/tmp", TMPFS)),
        ("tmpfs /dev/shm", lambda: linux.mount_tmpfs("/dev/shm", TMPFS)),
    ]


def cgroups(ground: Ground) -> list[Step]:
    """Step into the slot's cgroups: ``0`` means oneself, so no pid has to be translated."""
    return [
        (f"cgroup {group.parts[4]}", lambda file=group / "cgroup.procs": _write(file, "0"))
        for group in ground.cgroups
    ]


def restrictions(ground: Ground, *, with_filter: bool = True, with_parent: bool = True) -> list[Step]:
    """Give everything up. The order matters: a change of uid clears PDEATHSIG and the dumpable flag."""
    return [
        ("uid, capabilities", lambda: _lose_rights(ground.uid)),
        ("dumpable", lambda: linux.set_dumpable(1)),
        *([("PDEATHSIG", _die_with_server)] if with_parent else []),
        ("limits", _limit),
        ("no_new_privs", linux.no_new_privileges),
        *([("seccomp", lambda: linux.Filter(ground.filter).install())] if with_filter else []),
    ]


def _lose_rights(uid: int | None) -> None:
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    linux.drop_capabilities()


def _die_with_server() -> None:
    linux.die_with_parent()
    # getppid() tells nothing here: a parent outside the PID namespace is 0, dead or alive.
    if select.select([LIFELINE], [], [], 0)[0]:
        os._exit(1)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))


def _write(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY)
    os.write(descriptor, text.encode())
    os.close(descriptor)


def run(code: str, descriptors: Sequence[int], steps: Sequence[Step], ground: Ground) -> None:
    """Be the job; never comes back. ``code`` sees ``arguments`` and leaves ``result``."""
    status = 1
    try:
        _take_descriptors([*descriptors, ground.lifeline])
        marks = [("", time.perf_counter_ns())]
        for name, step in steps:
            step()
            marks.append((name, time.perf_counter_ns()))
        os.close(LIFELINE)
        _answer(code, marks)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - the edge of a job
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def _answer(code: str, marks: list[tuple[str, int]]) -> None:
    arguments = json.loads(os.pread(ARGUMENTS, 1 << 20, 0))
    scope: dict[str, object] = {"arguments": arguments}
    if code:
        exec(code, scope)
    else:
        os.write(1, b"one line of log\n")
        scope["result"] = arguments["number"] + 1
    steps = {name: after - before for (_, before), (name, after) in pairwise(marks)}
    os.write(RESULT, json.dumps({"result": scope.get("result"), "steps": steps}).encode())


def _take_descriptors(descriptors: Sequence[int]) -> None:
    """Arguments, result, log and lifeline get their numbers; nothing else of the server stays open."""
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 64) for descriptor in descriptors]
    arguments, result, log, lifeline = high
    nothing = os.open("/dev/null", os.O_RDONLY)
    for number, descriptor in enumerate((nothing, log, log, arguments, result, lifeline)):
        os.dup2(descriptor, number)
    os.closerange(LIFELINE + 1, 1 << 20)
