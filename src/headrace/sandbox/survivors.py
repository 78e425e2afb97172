"""Finds and ends what a job leaves behind: children that outlive it, also in sessions of their own.

The worker adopts orphans (it is their subreaper): once a job's first process is over, whatever is left of
its tree hangs from the worker's own children. Where the worker is root each slot has a uid, by which it knows
them; elsewhere it knows them by their session or by the id in their environment.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SET_CHILD_SUBREAPER = 36
_PAUSE_SECONDS = 0.005
_MOST_ROUNDS = 2000
_MOST_UNCLEAR_ROUNDS = 40


@dataclass(frozen=True, slots=True)
class Family:
    """How to know the processes of one job.

    By ``uid`` where that is the slot's own, else by ``session`` or ``mark``, an entry of their environment.
    """

    session: int
    uid: int | None
    mark: bytes


def adopt_orphans() -> None:
    """From now on processes whose parents end become this process's children."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_all_of(uid: int) -> None:
    """Kill whatever runs under a slot's uid: what a worker left that was killed itself."""
    for pid in _all_processes():
        if _uid_of(pid) == uid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


async def end_survivors(family: Family) -> bool:
    """Kill all that is left of a job whose first process is over; False where something can't be ended."""
    left: set[int] = set()
    unclear_rounds = 0
    for _ in range(_MOST_ROUNDS):
        # One that is dead can't be told by its environment any more, so whom we know we keep.
        left.update(find_survivors(family))
        if not left and (unclear_rounds == _MOST_UNCLEAR_ROUNDS or not _is_unclear(family)):
            return True
        unclear_rounds += not left
        left = {pid for pid in left if not _end(pid)}
        await asyncio.sleep(_PAUSE_SECONDS)
    return False


def _end(pid: int) -> bool:
    """Kill a child, and say whether it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def find_survivors(family: Family) -> list[int]:
    """Those of a job's processes that hang from this one, also dead ones that it has yet to wait for."""
    return [pid for pid in _own_children() if _belongs(pid, family)]


def _is_unclear(family: Family) -> bool:
    """Whether a child may be the job's: one that is just becoming another program has no environment yet."""
    return family.uid is None and any(map(_has_no_environment, _own_children()))


def _has_no_environment(pid: int) -> bool:
    stat = _stat(pid)
    try:
        return bool(stat) and stat[0] != "Z" and not Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def _own_children() -> list[int]:
    """Children of this process, by whichever of its threads."""
    if not Path("/proc/thread-self/children").exists():
        # A kernel without CONFIG_PROC_CHILDREN.
        return [pid for pid in _all_processes() if _parent_of(pid) == os.getpid()]
    children: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            children += map(int, (task / "children").read_text().split())
    return children


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent_of(pid: int) -> int | None:
    stat = _stat(pid)
    return int(stat[1]) if stat else None


def _uid_of(pid: int) -> int | None:
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except FileNotFoundError:
        return None


def _belongs(pid: int, family: Family) -> bool:
    if family.uid is not None:
        return _uid_of(pid) == family.uid
    stat = _stat(pid)
    if stat and int(stat[3]) == family.session:
        return True
    try:
        return family.mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _stat(pid: int) -> list[str]:
    """State, parent, group, session and more of a process; empty where it is gone."""
    try:
        # Its name, in brackets before these, may hold anything.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
