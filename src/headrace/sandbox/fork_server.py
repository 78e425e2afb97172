"""The worker's end of a fork server: starts it, has it open slots, and ends it.

``runner/fork_server.py`` is the other end and says what goes over the socket.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.sandbox.cage import Isolation
from headrace.sandbox.descriptors import readable
from headrace.sandbox.slot_server import SlotServer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headrace.sandbox.cage import Cage
    from headrace.sandbox.cgroup import Cgroup

_START_SECONDS = 60.0
_END_SECONDS = 5.0
_LONGEST_MESSAGE = 64 * 1024


class ForkServerFailed(Exception):
    """A fork server can't be started, or has died; the message says why.

    ``unfit`` is the module that can't be imported in one, where it is that.
    """

    def __init__(self, message: str, unfit: str | None = None) -> None:
        super().__init__(message)
        self.unfit = unfit


@dataclass(frozen=True, slots=True)
class Load:
    """What a fork server has in it.

    ``command`` starts its interpreter; the plan, as JSON, becomes its last argument. ``standard`` are modules
    of the standard library, ``path`` folders to import from, ``preload`` modules of theirs; ``read_only`` and
    ``writable`` what jobs see in a sandbox besides the system and the interpreter.
    """

    command: tuple[str, ...]
    environ: dict[str, str]
    level: Isolation
    standard: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()


class ForkServer:
    """A process that is loaded and forks slots."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self._process = process
        self._control = control
        self.pid = process.pid

    @classmethod
    async def start(cls, load: Load, uids: Iterable[int]) -> ForkServer:
        """Start one; raises ForkServerFailed.

        ``uids`` are those that its slots' jobs may have; the first is its own. None where this process is not
        root. It blocks for the milliseconds that a start takes, in the thread whose end is to be its end.
        """
        uids = list(uids)
        control, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.setblocking(False)  # noqa: FBT003 - it takes no keyword
        plan = {
            "control": there.fileno(),
            "parent": os.getpid(),
            "level": load.level,
            "is_mapped": bool(uids),
            "standard": load.standard,
            "path": load.path,
            "preload": load.preload,
            "read_only": load.read_only,
            "writable": load.writable,
        }
        try:
            process = _spawn(load, plan, there.fileno())
        except OSError as error:
            control.close()
            raise ForkServerFailed(f"{load.command[0]} can't be started: {error.strerror}") from error
        finally:
            there.close()
        server = cls(process, control)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await server._until_ready(uids)
        except BaseException as error:
            await server.close()
            if isinstance(error, TimeoutError):
                raise ForkServerFailed(f"not ready within {_START_SECONDS:g} s") from error
            raise
        return server

    async def open_slot(self, cage: Cage, cgroup: Cgroup | None = None) -> SlotServer:
        """Have a slot forked, and wait until it takes jobs; raises ForkServerFailed or SlotLost.

        What the cgroup bounds for all processes of a job is not bounded for each of them besides.
        """
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        limits = cage.resource_limits
        if cgroup is not None and cgroup.bounds_memory:
            limits.pop("RLIMIT_AS", None)
        if cgroup is not None and cgroup.bounds_processes and cage.uid is None:
            limits.pop("RLIMIT_NPROC", None)  # it would be that of all jobs of the fork server
        wanted = {"uid": cage.uid, "limits": limits, "disk_bytes": cage.limits.disk_bytes}
        slot = SlotServer(here, cgroup)  # before the other end can say anything: the kernel is to add by whom
        try:
            socket.send_fds(self._control, [json.dumps(wanted).encode()], [there.fileno()])
        except OSError as error:
            slot.close()
            raise ForkServerFailed(f"the fork server has died: {error.strerror}") from error
        finally:
            there.close()
        try:
            async with asyncio.timeout(_START_SECONDS):
                await slot.until_ready()
        except BaseException:
            slot.close()
            raise
        return slot

    @property
    def is_over(self) -> bool:
        """Whether its process has ended."""
        return self._process.poll() is not None

    async def close(self) -> None:
        """End it and all its slots, and wait until it is gone."""
        self._control.close()
        if self.is_over:
            return
        watched = os.pidfd_open(self._process.pid)
        try:
            async with asyncio.timeout(_END_SECONDS):
                await readable(watched)
        except TimeoutError:
            self._process.kill()
            await readable(watched)
        finally:
            os.close(watched)
        self._process.wait()

    async def _until_ready(self, uids: list[int]) -> None:
        answer = await self._receive()
        if "unshared" in answer:
            try:
                _map_uids(self._process.pid, uids)
            except OSError as error:
                raise ForkServerFailed(f"its uids can't be mapped: {error.strerror}") from error
            await asyncio.get_running_loop().sock_sendall(self._control, b"m")
            answer = await self._receive()
        if "unfit" in answer:
            raise ForkServerFailed(f"{answer['unfit']} can't be imported in a fork server", answer["unfit"])
        if "failure" in answer:
            raise ForkServerFailed(answer["failure"])

    async def _receive(self) -> dict[str, Any]:
        try:
            message = await asyncio.get_running_loop().sock_recv(self._control, _LONGEST_MESSAGE)
        except OSError as error:
            raise ForkServerFailed(str(error)) from error
        if not message:
            raise ForkServerFailed("it died while it started")
        return json.loads(message)


def _spawn(load: Load, plan: dict[str, Any], control: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*load.command, json.dumps(plan)],
        cwd="/",
        env=load.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(control,),
        start_new_session=True,
    )


def _map_uids(pid: int, uids: list[int]) -> None:
    """Its uid 0 is the first of these outside; the others are the same inside and out."""
    lines = [f"0 {uids[0]} 1", *(f"{uid} {uid} 1" for uid in uids[1:])]
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{pid}/{name}").write_text("\n".join(lines))
