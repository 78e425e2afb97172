"""One slot of a fork server, and the worker's end of it: the start contract in small.

The worker sends one message: JSON, with three descriptors (arguments in a memfd, result pipe, log pipe).
It gets two: the job's pid in the server's eyes with a pidfd, then its wait status once nothing of it is left.
"""

from __future__ import annotations

import json
import mmap
import os
import resource
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from benchmarks.cage.recipes import Fork
from headrace.runner.cage import linux

NOBODY = 65534
FIRST_MAPPED_UID = 100_000


class Account(StrEnum):
    """Who the server runs as."""

    ROOT = "root"
    MAPPED = "mapped"  # root of a user namespace: all its uids are unprivileged ones outside
    USER = "user"  # an ordinary account, in a user namespace with its one uid


@dataclass(frozen=True, slots=True)
class Started:
    """One job that runs: its pid in the server's eyes, and the worker's descriptors of it."""

    pid: int
    pidfd: int
    result: int
    log: int


@dataclass(frozen=True, slots=True)
class Ended:
    """One job, seen by the worker."""

    status: int
    pid: int
    result: Any
    steps: dict[str, int]
    log: str
    log_closed: bool
    """Nobody held the log open any more when the answer came: all its processes were dead."""
    milliseconds: float


class Slot:
    """The worker's end."""

    def __init__(self, account: Account, recipe: Fork, ballast: int) -> None:
        self._connection, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        mapped, map_written = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._connection.close()
            os.close(map_written)
            _be_server(there, account, recipe, ballast, mapped)
        there.close()
        os.close(mapped)
        self._map_uids(account)
        os.close(map_written)
        self.failure = self._receive().get("failure")

    def _map_uids(self, account: Account) -> None:
        """Only a process outside may map more than one uid, and only once the namespace is there."""
        if account is Account.MAPPED and self._receive().get("unshared"):
            for name in ("uid_map", "gid_map"):
                Path(f"/proc/{self.pid}/{name}").write_text(f"0 {FIRST_MAPPED_UID} 65536")

    def run(self, arguments: Any, code: str = "", *, signal_after: tuple[int, float] | None = None) -> Ended:
        """Start a job and wait until nothing of it is left."""
        began = time.perf_counter()
        started = self.start(arguments, code)
        if signal_after:
            _signal(started.pidfd, *signal_after)
        ended = self._receive()
        answer, _ = _drain(started.result)
        text, closed = _drain(started.log)
        os.close(started.pidfd)
        value: dict[str, Any] = json.loads(answer) if answer else {"result": None, "steps": {}}
        return Ended(
            ended["status"],
            started.pid,
            value["result"],
            value["steps"],
            text.decode(),
            closed,
            (time.perf_counter() - began) * 1000,
        )

    def start(self, arguments: Any, code: str) -> Started:
        """Start a job; raises RuntimeError where the server can't."""
        memory = os.memfd_create("arguments", os.MFD_CLOEXEC)
        os.write(memory, json.dumps(arguments).encode())
        (result, result_end), (log, log_end) = os.pipe(), os.pipe()
        socket.send_fds(
            self._connection, [json.dumps({"code": code}).encode()], [memory, result_end, log_end]
        )
        for descriptor in (memory, result_end, log_end):
            os.close(descriptor)
        message, descriptors, _, _ = socket.recv_fds(self._connection, 1 << 16, 1, socket.MSG_CMSG_CLOEXEC)
        answer = json.loads(message or b'{"failure": "the server died"}')
        if "failure" in answer:
            raise RuntimeError(answer["failure"])
        return Started(answer["pid"], descriptors[0], result, log)

    def cpu_seconds(self) -> float:
        """CPU time of the server and of all that it has reaped."""
        self._connection.send(b'{"usage": true}')
        return self._receive()["seconds"]

    def private_kilobytes(self) -> int:
        """Memory that an idle server has for itself."""
        self._connection.send(b'{"memory": true}')
        return self._receive()["kilobytes"]

    def close(self) -> None:
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)  # servers forked later have a copy of it
        self._connection.close()
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def _receive(self) -> dict[str, Any]:
        return json.loads(self._connection.recv(1 << 16) or b'{"failure": "the server died"}')


def _signal(descriptor: int, number: int, delay: float) -> None:
    time.sleep(delay)
    signal.pidfd_send_signal(descriptor, number)


def _drain(descriptor: int) -> tuple[bytes, bool]:
    os.set_blocking(descriptor, False)
    pieces: list[bytes] = []
    closed = False
    with suppress(BlockingIOError):
        while piece := os.read(descriptor, 1 << 16):
            pieces.append(piece)
        closed = True
    os.close(descriptor)
    return b"".join(pieces), closed


def _be_server(connection: socket.socket, account: Account, recipe: Fork, ballast: int, mapped: int) -> None:
    """Never comes back."""
    try:
        loaded = _load(ballast)
        _enter(account, connection, mapped)
        _mount_what_all_share(recipe.ground.environment)
        recipe.ground.lifeline = os.pidfd_open(os.getpid())
        recipe.open()
        connection.send(b"{}")
        while _serve_one(connection, recipe):
            pass
        del loaded
    except BaseException as error:  # noqa: BLE001 - the edge of a process
        with suppress(OSError):
            connection.send(json.dumps({"failure": repr(error)}).encode())
    os._exit(0)


def _serve_one(connection: socket.socket, recipe: Fork) -> bool:
    message, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 3, socket.MSG_CMSG_CLOEXEC)
    if not message:
        return False
    request = json.loads(message)
    if "usage" in request:
        connection.send(json.dumps({"seconds": _cpu_seconds(recipe)}).encode())
        return True
    if "memory" in request:
        connection.send(json.dumps({"kilobytes": _private_kilobytes()}).encode())
        return True
    pid = recipe.start(request["code"], descriptors)
    pidfd = os.pidfd_open(pid)
    for descriptor in descriptors:
        os.close(descriptor)
    socket.send_fds(connection, [json.dumps({"pid": pid}).encode()], [pidfd])
    os.close(pidfd)
    connection.send(json.dumps({"status": recipe.finish(pid)}).encode())
    recipe.refresh()
    return True


def _load(ballast: int) -> mmap.mmap | None:
    """Memory in small pages, as a server has that imported something heavy."""
    if not ballast:
        return None
    memory = mmap.mmap(-1, ballast << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_NOHUGEPAGE)
    for place in range(0, len(memory), mmap.PAGESIZE):
        memory[place] = 1
    return memory


def _enter(account: Account, connection: socket.socket, mapped: int) -> None:
    os.setsid()
    match account:
        case Account.ROOT:
            pass
        case Account.MAPPED:
            linux.unshare(linux.NEW_USERS)
            connection.send(b'{"unshared": true}')
            os.read(mapped, 1)
            os.setgroups([])
            os.setresgid(0, 0, 0)
            os.setresuid(0, 0, 0)
            linux.set_dumpable(1)  # else it may not look at its own children's namespaces
        case Account.USER:
            _enter_with_one_uid()
    os.close(mapped)
    linux.die_with_parent()
    if account is not Account.ROOT:
        _become_init()


def _become_init() -> None:
    """A server may come back only to a PID namespace that its own user namespace owns (EPERM otherwise)."""
    linux.unshare(linux.NEW_PIDS)
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        os._exit(0)
    linux.die_with_parent()


def _enter_with_one_uid() -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        linux.set_dumpable(1)  # else root owns /proc/self, and the maps cannot be written
    uid, gid = os.geteuid(), os.getegid()
    linux.unshare(linux.NEW_USERS)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def _mount_what_all_share(environment: Path) -> None:
    linux.unshare(linux.NEW_MOUNTS)
    linux.make_mounts_private()
    linux.mount_proc("/proc")
    linux.bind(str(environment), str(environment))
    linux.make_read_only(str(environment))


def _cpu_seconds(recipe: Fork) -> float:
    total = sum(time.clock_gettime((~pid << 3) | 2) for pid in recipe.usage())  # the clock of a process
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total


def _private_kilobytes() -> int:
    rollup = Path(f"/proc/{os.getpid()}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_"))


assert sys.platform == "linux"
