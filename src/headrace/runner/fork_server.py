"""A loaded interpreter that forks slot servers, which fork jobs: so that a job costs no start of its own.

``headrace.sandbox.fork_server`` is the worker's end. It tells here by JSON what slot is wanted, with the
socket of that slot; this tells when it is ready, or why it can't be. When the worker hangs up all of it ends.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import signal
import socket
import sys

from . import begin, ending, job, rehearsal, slot_server
from .cage import file_system, linux, users
from .cage.levels import SANDBOX, Cage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

UNFIT = ("grpc", "jax", "polars", "pyarrow", "ray", "tensorflow", "torch")
"""Packages that don't survive a fork: they have threads that do their work, or hold locks."""
_LONGEST_MESSAGE = 64 * 1024


class _Unfit(Exception):
    """A module can't be imported here; jobs import it for themselves."""


def serve() -> None:
    """Be a fork server. ``sys.argv[1]`` is the plan, as JSON without secrets. Never comes back.

    Its keys are ``control`` (a socket), ``parent`` (the worker's pid), ``level``, ``is_mapped`` (whether the
    worker writes the maps of the user namespace), ``read_only`` and ``writable`` (what jobs see in a sandbox
    besides), ``standard`` (modules of the standard library to import), ``path`` (folders to import from) and
    ``preload`` (modules of theirs).
    """
    try:
        _serve(json.loads(sys.argv[1]))
    except begin.Forked as forked:
        plan = forked.plan
    # From here on this is the process of a job, as deep in calls as one that was started for it.
    status: object = 1
    last = next(reversed(sys.modules))
    try:
        status = job.run(plan)
    finally:
        # Children that the script forked may come this way, too.
        ending.end(status, plan["folder"], last)


def _serve(plan: dict[str, Any]) -> NoReturn:
    control = socket.socket(fileno=plan["control"])
    control.set_inheritable(False)
    try:
        job.look_like_an_interpreter()
        sandbox = _enter(plan, control)
        _load(plan)
        control.send(b"{}")
    except _Unfit as error:
        _give_up(control, {"unfit": str(error)})
    except BaseException as error:
        _give_up(control, {"failure": f"{type(error).__name__}: {error}"})
    while _open_slot(plan["level"], control, sandbox):
        pass
    if sandbox is None:
        _end_all()
    os._exit(0)


def _give_up(control: socket.socket, reason: dict[str, str]) -> NoReturn:
    control.send(json.dumps(reason).encode())
    os._exit(1)


class _Sandbox:
    """What all slots share: the PID namespace to come back to, and what is shown in ``/tmp``."""

    def __init__(self, home: int, in_temporary: list[str]) -> None:
        self.home, self.in_temporary = home, in_temporary


def _enter(plan: dict[str, Any], control: socket.socket) -> _Sandbox | None:
    linux.die_with_parent(plan["parent"])
    if plan["level"] != SANDBOX:
        linux.adopt_orphans()
        return None

    def be_mapped() -> None:
        control.send(b'{"unshared": true}')
        control.recv(1)

    before = users.leave_users()
    sources = file_system.Sources([*_own_folders(), *plan["read_only"]], plan["writable"])
    users.take_uids(before, be_mapped if plan["is_mapped"] else None)
    users.become_init()
    in_temporary = file_system.build_root(sources)
    return _Sandbox(os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC), in_temporary)


def _own_folders() -> list[str]:
    """Where this interpreter lies."""
    program = os.path.dirname(os.path.realpath(sys.executable))
    return [sys.prefix, sys.base_prefix, sys.base_exec_prefix, os.path.dirname(os.__file__), program]


def _load(plan: dict[str, Any]) -> None:
    for name in plan["standard"]:
        importlib.import_module(name)
    # Logging waits for the end of the process; ``ending`` calls it where it has its turn.
    clear: Callable[[], None] = getattr(atexit, "_clear")  # noqa: B009 - nothing else frees the place it took
    clear()
    if plan["preload"]:
        job.import_from(plan["path"])
    for name in plan["preload"]:
        try:
            importlib.import_module(name)
        except BaseException as error:
            raise _Unfit(name) from error
        if any(unfit in sys.modules for unfit in UNFIT):
            raise _Unfit(name)
    rehearsal.rehearse()
    gc.collect()
    gc.freeze()  # what is here now is never looked at again by the collector of a job


def _open_slot(level: str, control: socket.socket, sandbox: _Sandbox | None) -> bool:
    message, descriptors, _, _ = socket.recv_fds(control, _LONGEST_MESSAGE, 1, socket.MSG_CMSG_CLOEXEC)
    _reap()
    if not message:
        return False
    cage = Cage(level, json.loads(message), sandbox.in_temporary if sandbox else [])
    server = os.getpid()
    if sandbox:
        linux.unshare(linux.NEW_PIDS)
    if os.fork() == 0:
        _be_slot(descriptors[0], control, cage, server)
    if sandbox:
        linux.setns(sandbox.home, linux.NEW_PIDS)
    os.close(descriptors[0])
    return True


def _be_slot(descriptor: int, control: socket.socket, cage: Cage, server: int) -> None:
    try:
        control.close()
        connection = socket.socket(fileno=descriptor)
        linux.die_with_parent(None if cage.level == SANDBOX else server)
        slot_server.serve(connection, cage)
    except begin.Forked:
        raise
    except BaseException:
        os._exit(1)


def _end_all() -> None:
    """End all slots with what runs in them; in a sandbox the kernel does that once its init has ended."""
    try:
        while True:
            for child in slot_server.children():
                os.kill(child, signal.SIGKILL)
            os.wait()
    except ChildProcessError:
        pass


def _reap() -> None:
    """Slot servers that have died; the worker knows it by their sockets."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
