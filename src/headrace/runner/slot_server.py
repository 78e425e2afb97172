"""One slot of a fork server: forks one job after the other, and sees to it that nothing is left of each.

It is the init of its PID namespace in a sandbox, and adopts orphans elsewhere: once it has no children, no
process of the job is left anywhere. Whatever a job is given or says passes by it: another job, forked later,
could find that in its memory.

``headrace.sandbox.slot_server`` is the worker's end. One message for each job: the name of its folder, with
three descriptors: what it is given, its answer, its output. Two messages back: ``S`` with a pidfd when it has
begun, and an ``ENDING`` when nothing is left. Before the first job each side says that it is ready.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import time
from typing import NamedTuple

from . import begin
from .cage import users
from .cage.levels import SANDBOX
from .removal import remove_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .cage.levels import Cage

STARTED, ENDED = b"S", b"E"
ENDING = struct.Struct(">cii??")
"""``E``, the wait status of the first process, its peak of memory in kB, whether all processes are gone, and
whether the folder is."""
_LONGEST_NAME = 4096
_DESCRIPTOR = struct.Struct("@i")
_ROOM_FOR_DESCRIPTORS = socket.CMSG_LEN(3 * _DESCRIPTOR.size)
_MOST_ROUNDS = 2000
_PAUSE_SECONDS = 0.005


def serve(connection: socket.socket, cage: Cage) -> dict[str, Any]:
    """Start jobs until the worker hangs up, and end then; returns, in the process of a job, its plan.

    The process of the next job is there before the job is, in its cage already.
    """
    cage.settle()
    connection.send(STARTED)
    connection.recv(1)  # by then this process, and what it forks from now on, is in its cgroup
    job: _Job | None = None
    while True:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        server = os.getpid()
        if (standby := os.fork()) == 0:
            here.detach()
            connection.detach()  # their numbers will be others'
            return begin.become_job(there, cage, server)
        there.close()
        job = job or _receive(connection)
        if cage.level != SANDBOX:
            cage.make_folder(job.folder)
        if _hand_over(job, here):
            _see_it_end(connection, cage, job, standby)
            job = None
        here.close()


class _Job(NamedTuple):
    """What comes for one: the name of its folder, and three descriptors as they come and go by a socket."""

    name: bytes
    rights: list[tuple[int, int, bytes]]

    @property
    def folder(self) -> str:
        return self.name.decode()


def _receive(connection: socket.socket) -> _Job:
    name, rights, _, _ = connection.recvmsg(_LONGEST_NAME, _ROOM_FOR_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
    if not name:
        os._exit(0)
    return _Job(name, rights)


def _hand_over(job: _Job, to: socket.socket) -> bool:
    """Give a job to the process that waits for it; False where that is dead: then nobody has it."""
    try:
        to.sendmsg((job.name,), job.rights)
    except OSError:
        return False
    for _, _, descriptors in job.rights:
        for (descriptor,) in _DESCRIPTOR.iter_unpack(descriptors):
            os.close(descriptor)
    return True


def _see_it_end(connection: socket.socket, cage: Cage, job: _Job, pid: int) -> None:
    watched = os.pidfd_open(pid)
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, _DESCRIPTOR.pack(watched))
    connection.sendmsg((STARTED,), (rights,))
    os.close(watched)
    status, peak_kb = _reap_until(pid)
    is_gone = _end_survivors(cage)
    # In a sandbox it was in the memory of a mount namespace that has ended with its last process.
    is_folder_gone = is_gone if cage.level == SANDBOX else remove_folder(job.folder)
    connection.send(ENDING.pack(ENDED, status, peak_kb, is_gone, is_folder_gone))


def _reap_until(pid: int) -> tuple[int, int]:
    while True:
        dead, status, usage = os.wait4(-1, 0)
        if dead == pid:
            return status, usage.ru_maxrss


def _end_survivors(cage: Cage) -> bool:
    """Kill all that is left of a job whose first process is over; False where something can't be ended.

    Orphans become children of this process before their parent can be waited for, so "no children" means
    that nobody is left at all.
    """
    for round_ in range(_MOST_ROUNDS):
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        _kill_all(cage)
        if cage.level == SANDBOX or round_ == 0:
            continue
        time.sleep(_PAUSE_SECONDS)
    return False


def _kill_all(cage: Cage) -> None:
    """The kernel signals all that this process may signal under the lock that a fork needs: none slips by."""
    if cage.level == SANDBOX:
        try:
            os.kill(-1, signal.SIGKILL)
            os.waitpid(-1, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        return
    if cage.uid is not None:
        _kill_all_of(cage.uid)
    for child in children():
        try:
            os.kill(child, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def _kill_all_of(uid: int) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            users.change_user(uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def children() -> list[int]:
    """Processes that this one has to wait for."""
    with open("/proc/thread-self/children", "rb") as file:
        return [int(pid) for pid in file.read().split()]
