"""The ways of starting one job from a fork server; each opens a slot once, then starts and finishes jobs.

``start`` and ``finish`` run in the server. A server here has one slot and waits for its one job, so that
the recipes differ in nothing but the recipe.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from benchmarks.cage import job
from benchmarks.cage.job import TMPFS, Ground, Step
from headrace.runner.cage import linux

INIT_PROGRAM = """
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); signal(SIGCHLD, SIG_IGN); for (;;) pause(); }
"""
"""Nothing but PID 1: children of which nobody wants to know are reaped by the kernel.

Without the first call it outlives a server that is killed, and keeps its namespace (seen).
"""


@dataclass
class Fork:
    """The floor: a fork, and no cage at all."""

    ground: Ground

    def open(self) -> None:
        """Prepare the slot. May come back in another process."""

    def start(self, code: str, descriptors: Sequence[int]) -> int:
        return self._fork(code, descriptors, [])

    def finish(self, pid: int) -> int:
        return os.waitpid(pid, 0)[1]

    def refresh(self) -> None:
        """Prepare for the next job, after the answer."""

    def usage(self) -> list[int]:
        """Processes of the slot, besides the server and its dead, whose CPU time counts."""
        return []

    def _fork(self, code: str, descriptors: Sequence[int], steps: Sequence[Step]) -> int:
        pid = os.fork()
        if pid == 0:
            job.run(code, descriptors, steps, self.ground)
        return pid


class Interpreter(Fork):
    """Another floor: an interpreter for each task, and no cage."""

    def start(self, code: str, descriptors: Sequence[int]) -> int:
        command = [sys.executable, "-I", "-S", "-c", code or "pass"]
        return os.posix_spawn(
            command[0], command, {}, file_actions=[(os.POSIX_SPAWN_DUP2, descriptors[2], 1)]
        )


class Obvious(Fork):
    """Fork, unshare, fork an init, fork the job."""

    def start(self, code: str, descriptors: Sequence[int]) -> int:
        pid = os.fork()
        if pid == 0:
            linux.unshare(linux.NEW_PIDS)
            init = os.fork()
            if init == 0:
                _be_init_of(self._fork(code, descriptors, self._steps()))
            os._exit(os.waitstatus_to_exitcode(os.waitpid(init, 0)[1]))
        return pid

    def _steps(self) -> list[Step]:
        return job.fresh_mounts(self.ground) + job.restrictions(self.ground)


class Cheap(Fork):
    """The server makes a PID namespace, forks its PID 1, which is the job, and goes back to its own."""

    def open(self) -> None:
        self.home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def start(self, code: str, descriptors: Sequence[int]) -> int:
        linux.unshare(linux.NEW_PIDS)
        try:
            return self._fork(code, descriptors, self._steps())
        finally:
            linux.setns(self.home, linux.NEW_PIDS)

    def _steps(self) -> list[Step]:
        return job.fresh_mounts(self.ground) + job.restrictions(self.ground)


class CheapWithoutFilter(Cheap):
    """To see what seccomp costs."""

    def _steps(self) -> list[Step]:
        return job.fresh_mounts(self.ground) + job.restrictions(self.ground, with_filter=False)


class CheapWithCgroups(Cheap):
    """Each job writes itself into the slot's cgroups."""

    def _steps(self) -> list[Step]:
        return job.cgroups(self.ground) + super()._steps()


class CheapFewMounts(Cheap):
    """What all jobs share is mounted once, in the server's own mount namespace."""

    def _steps(self) -> list[Step]:
        return job.few_mounts(proc=True) + job.restrictions(self.ground)


class CheapForkedInit(CheapFewMounts):
    """PID 1 is a fork of the server, the job a fork of that."""

    def start(self, code: str, descriptors: Sequence[int]) -> int:
        linux.unshare(linux.NEW_PIDS)
        try:
            pid = os.fork()
            if pid == 0:
                _be_init_of(self._fork(code, descriptors, self._steps()))
            return pid
        finally:
            linux.setns(self.home, linux.NEW_PIDS)


class CheapProgramInit(CheapFewMounts):
    """PID 1 is a tiny static program beside the job; both are children of the server."""

    def start(self, code: str, descriptors: Sequence[int]) -> int:
        linux.unshare(linux.NEW_PIDS)
        try:
            program = str(self.ground.init_program)
            self.init = os.posix_spawn(program, [program], {})
            return self._fork(code, descriptors, self._steps())
        finally:
            linux.setns(self.home, linux.NEW_PIDS)

    def finish(self, pid: int) -> int:
        status = os.waitpid(pid, 0)[1]
        os.kill(self.init, signal.SIGKILL)  # and with it all that is left in the namespace
        os.waitpid(self.init, 0)
        return status


class SlotInit(Cheap):
    """One PID namespace for each slot, kept by an init; the server sends its forks into it."""

    def open(self) -> None:
        super().open()
        (here, self.commands), (self.answers, there) = os.pipe(), os.pipe()
        linux.unshare(linux.NEW_PIDS)
        self.init = os.fork()
        if self.init == 0:
            os.close(self.commands)
            _sweep_on_command(here, there)
        linux.setns(self.home, linux.NEW_PIDS)
        self.slot = os.open(f"/proc/{self.init}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self._sweep()  # from now on nobody may look into it

    def start(self, code: str, descriptors: Sequence[int]) -> int:
        linux.setns(self.slot, linux.NEW_PIDS)
        try:
            return self._fork(code, descriptors, self._steps())
        finally:
            linux.setns(self.home, linux.NEW_PIDS)

    def finish(self, pid: int) -> int:
        status = os.waitpid(pid, 0)[1]
        self._sweep()
        return status

    def _sweep(self) -> None:
        os.write(self.commands, b"s")
        os.read(self.answers, 1)

    def usage(self) -> list[int]:
        return [self.init]

    def _steps(self) -> list[Step]:
        return job.few_mounts(proc=True) + job.restrictions(self.ground)


class SlotServer(Fork):
    """The slot's server *is* PID 1 of the slot's namespace: a fork of the loaded server, which stays."""

    def open(self) -> None:
        _become_init()
        linux.unshare(linux.NEW_MOUNTS)
        linux.mount_proc("/proc")

    def start(self, code: str, descriptors: Sequence[int]) -> int:
        return self._fork(code, descriptors, self._steps())

    def finish(self, pid: int) -> int:
        status = _reap_until(pid)
        _sweep()
        return status

    def _steps(self) -> list[Step]:
        return job.few_mounts(proc=False) + job.restrictions(self.ground, with_parent=False)


class SlotReady(SlotServer):
    """Mounts and IPC namespace are the slot's; they are renewed after each job, before the next comes."""

    def open(self) -> None:
        super().open()
        self._lay_out()

    def refresh(self) -> None:
        linux.unmount("/dev/shm")
        linux.unmount("/tmp")
        self._lay_out()

    def _lay_out(self) -> None:
        linux.unshare(linux.NEW_IPC)
        linux.mount_tmpfs("/tmp", TMPFS)
        linux.mount_tmpfs("/dev/shm", TMPFS)

    def _steps(self) -> list[Step]:
        return job.restrictions(self.ground, with_parent=False)


class SlotReadyWithCgroups(SlotReady):
    """The slot's server sits in the slot's cgroups, so its forks are born there."""

    def open(self) -> None:
        for _, enter in job.cgroups(self.ground):
            enter()
        super().open()


def _be_init_of(pid: int) -> None:
    """Reap until the job is gone. PID 1 cannot die of the job's signal, so 128 + n has to do."""
    code = os.waitstatus_to_exitcode(_reap_until(pid))
    os._exit(code if code >= 0 else 128 - code)


def _become_init() -> None:
    """Come back as PID 1 of a new namespace; the process before waits for its end."""
    linux.unshare(linux.NEW_PIDS)
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        os._exit(0)
    linux.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # what PID 1 does not handle cannot reach it from inside
    linux.set_dumpable(0)


def _reap_until(pid: int) -> int:
    while True:
        dead, status = os.waitpid(-1, 0)
        if dead == pid:
            return status


def _sweep() -> None:
    """Kill all in the namespace but its init, then wait until nobody is left.

    The kernel signals all of them under the lock that a fork needs, so none slips through; orphans
    become children of init before their parent can be reaped, so "no children" means nobody at all.
    """
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _sweep_on_command(commands: int, answers: int) -> None:
    linux.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while os.read(commands, 1):
        linux.set_dumpable(0)
        _sweep()
        os.write(answers, b"d")
    os._exit(0)


RECIPES: dict[str, type[Fork]] = {
    "fork": Fork,
    "interpreter": Interpreter,
    "obvious": Obvious,
    "cheap": Cheap,
    "cheap, no seccomp": CheapWithoutFilter,
    "cheap, cgroups": CheapWithCgroups,
    "cheap, few mounts": CheapFewMounts,
    "cheap, forked init": CheapForkedInit,
    "cheap, program init": CheapProgramInit,
    "slot init": SlotInit,
    "slot server": SlotServer,
    "slot ready": SlotReady,
    "slot ready, cgroups": SlotReadyWithCgroups,
}
NEEDS_CGROUPS = {"cheap, cgroups", "slot ready, cgroups"}
NEEDS_COMPILER = {"cheap, program init"}
