"""Tries to reach other processes: those of other jobs, the worker, and the machine's first."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import resource
import signal
from collections.abc import Callable, Mapping
from typing import Any

from tests.conformance.hostile.trying import answered, call, tries_of, try_all

_SEIZE, _TYPE = 0x4206, 0x5412


def _others(given: Mapping[str, Any], *, with_init: bool = True) -> list[int]:
    """Processes that do not belong to this job: all in sight, where that are to be none but the init.

    Elsewhere the worker, another job and the machine's init: nobody else's are to be disturbed.
    """
    pids = _strangers() if given["level"] == "sandbox" else [given["worker"], given["neighbour"]["pid"], 1]
    return [pid for pid in pids if with_init or pid != 1]


def _strangers() -> list[int]:
    own = os.getsid(0)
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _session(pid) != own]


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def _any(given: Mapping[str, Any], deed: Callable[[int], object], *, with_init: bool = True) -> object:
    """The first process with which a deed gives something."""
    for pid in _others(given, with_init=with_init):
        try:
            found = deed(pid)
        except OSError:
            continue
        if found:
            return pid
    return None


def _holds_something(name: str) -> Callable[[int], bool]:
    """Whether something can be read in a file of a process."""

    def holds(pid: int) -> bool:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return bool(file.read(1))

    return holds


def _opens(name: str, mode: int) -> Callable[[int], bool]:
    def opens(pid: int) -> bool:
        os.close(os.open(f"/proc/{pid}/{name}", mode))
        return True

    return opens


def sees_others(_given: Mapping[str, Any]) -> object:
    return [pid for pid in _strangers() if pid != 1]


def reads_command_lines(given: Mapping[str, Any]) -> object:
    return _any(given, _holds_something("cmdline"), with_init=False)


def reads_environments(given: Mapping[str, Any]) -> object:
    return _any(given, _holds_something("environ"))


def reads_maps(given: Mapping[str, Any]) -> object:
    return _any(given, _holds_something("maps"))


def reads_memory(given: Mapping[str, Any]) -> object:
    return _any(given, _opens("mem", os.O_RDONLY))


def lists_descriptors(given: Mapping[str, Any]) -> object:
    return _any(given, lambda pid: os.listdir(f"/proc/{pid}/fd"))


def follows_links_to_folders(given: Mapping[str, Any]) -> object:
    return _any(given, lambda pid: os.readlink(f"/proc/{pid}/cwd") or os.listdir(f"/proc/{pid}/root"))


def opens_namespaces(given: Mapping[str, Any]) -> object:
    return _any(given, lambda pid: os.readlink(f"/proc/{pid}/ns/mnt"))


def traces(given: Mapping[str, Any]) -> object:
    return _any(given, lambda pid: call("ptrace", _SEIZE, pid, 0, 0) == 0)


def reads_memory_by_a_call(given: Mapping[str, Any]) -> object:
    here = ctypes.create_string_buffer(8)
    vector = (ctypes.c_size_t * 2)(ctypes.addressof(here), 8)
    nowhere = (ctypes.c_size_t * 2)(4096, 8)
    return _any(given, lambda pid: answered("process_vm_readv", pid, vector, 1, nowhere, 1, 0))


def takes_descriptors(given: Mapping[str, Any]) -> object:
    return _any(given, lambda pid: call("pidfd_getfd", os.pidfd_open(pid), 0, 0))


def signals(given: Mapping[str, Any]) -> object:
    return _any(given, lambda pid: os.kill(pid, 0) is None, with_init=False)


def ends_the_init_of_its_namespace(given: Mapping[str, Any]) -> object:
    """Only where there is one of its own; with it the job would die, and have no outcome to tell of."""
    if given["level"] == "sandbox":
        for number in signal.valid_signals():
            try:
                os.kill(1, number)
            except OSError as error:
                if error.errno == errno.ESRCH:
                    return number
    return None


def reads_limits(given: Mapping[str, Any]) -> object:
    return _any(given, lambda pid: resource.prlimit(pid, resource.RLIMIT_NOFILE))


def changes_priorities(given: Mapping[str, Any]) -> object:
    def changes(pid: int) -> bool:
        os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, pid))
        return True

    return _any(given, changes, with_init=False)


def changes_who_is_killed_first(given: Mapping[str, Any]) -> object:
    return _any(given, _opens("oom_score_adj", os.O_WRONLY))


def types_into_a_terminal(_given: Mapping[str, Any]) -> object:
    for name in ("/dev/tty", "/dev/console", 0, 1, 2):
        try:
            descriptor = name if isinstance(name, int) else os.open(name, os.O_RDWR | os.O_NOCTTY)
            fcntl.ioctl(descriptor, _TYPE, b"x")
        except OSError:
            continue
        return name
    return None


def main(**given: Any) -> dict[str, list[object]]:
    return try_all(tries_of(globals()), given)
