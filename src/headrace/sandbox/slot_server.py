"""The worker's end of a slot server: starts one job after the other in a slot that is prepared for them.

``runner/slot_server.py`` is the other end and says what goes over the socket.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.sandbox.child import Exit

if TYPE_CHECKING:
    from headrace.sandbox.cgroup import Cgroup, Shortage

STARTED = b"S"
_READY = b"R"
_ENDING = struct.Struct(">cii??")
_LENGTH = struct.Struct(">Q")
_CREDENTIALS = struct.Struct("=iII")
_LONGEST_MESSAGE = 64
PLAN_VERSION = 2
"""Of ``marshal``: each Python reads it."""


class SlotLost(Exception):
    """A slot server has died, or can't be reached; what it ran is dead as well."""

    shortage: Shortage | None = None
    """Set where it is known to have died for want of memory."""


@dataclass(frozen=True, slots=True)
class Work:
    """One job for a slot.

    ``folder`` is made for it; ``plan`` (by ``marshal``, see ``runner/begin.py``) says what lies in it, and
    may hold secrets. ``arguments`` is a JSON object in UTF-8.
    """

    folder: str
    plan: bytes
    arguments: bytes

    @property
    def written(self) -> bytes:
        """As the job reads it."""
        return _LENGTH.pack(len(self.plan)) + self.plan + self.arguments


class SlotServer:
    """One slot of a fork server; one job at a time. It lives in its cgroup, if it has one."""

    def __init__(self, connection: socket.socket, cgroup: Cgroup | None = None) -> None:
        connection.setblocking(False)  # noqa: FBT003 - it takes no keyword
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._connection = connection
        self._child: SlotChild | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_lost = False
        self.cgroup = cgroup
        asyncio.get_running_loop().add_reader(connection.fileno(), self._begin)

    async def until_ready(self) -> None:
        """Wait until jobs can be started; raises SlotLost."""
        await self._ready

    def start(self, work: Work, given: int | None = None) -> SlotChild:
        """Start a job; raises SlotLost, or OSError where the machine has no descriptors or memory left.

        ``given`` is a descriptor that it reads its work from, which is closed here; without it the work is
        given as a file.
        """
        if self.cgroup is not None:
            self.cgroup.begin()
        given = _as_file(work) if given is None else given
        (answer, answer_end), (output, output_end) = _pipe(), _pipe()
        try:
            socket.send_fds(self._connection, [work.folder.encode()], [given, answer_end, output_end])
        except OSError as error:
            os.close(answer)
            os.close(output)
            self._lose()
            raise SlotLost(f"the slot server can't be reached: {error.strerror}") from error
        finally:
            for descriptor in (given, answer_end, output_end):
                os.close(descriptor)
        self._child = SlotChild(output, answer, self.cgroup)
        return self._child

    def close(self) -> None:
        """Hang up: the slot server ends, and with it whatever runs in it."""
        if self._connection.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._connection.fileno())
            self._connection.close()
        if self._child is not None:
            lost = SlotLost("the slot server has died")
            lost.shortage = self._child.find_shortage()
            self._child.is_lost(lost)
            self._child = None

    def _begin(self) -> None:
        """Take its first message. The kernel adds by which process it was sent, as it is known here."""
        try:
            message, added, _, _ = self._connection.recvmsg(
                _LONGEST_MESSAGE, socket.CMSG_SPACE(_CREDENTIALS.size)
            )
        except BlockingIOError:
            return
        except OSError:
            message, added = b"", []
        if not message or not added:
            self._lose()
            return
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        asyncio.get_running_loop().add_reader(self._connection.fileno(), self._receive)
        try:
            if self.cgroup is not None:
                self.cgroup.take_in(_CREDENTIALS.unpack(added[0][2])[0])
            self._connection.send(_READY)
        except OSError as error:
            self._ready.set_exception(SlotLost(f"it can't be put into its cgroup: {error.strerror}"))
        else:
            self._ready.set_result(None)

    def _receive(self) -> None:
        try:
            message, descriptors, _, _ = socket.recv_fds(
                self._connection, _LONGEST_MESSAGE, 1, socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return
        except OSError:
            message, descriptors = b"", []
        try:
            self._take(message, descriptors)
        except (IndexError, struct.error):
            self._lose()  # packages that a server has imported may say anything

    def _take(self, message: bytes, descriptors: list[int]) -> None:
        if not message:
            self._lose()
        elif self._child is None:
            for descriptor in descriptors:
                os.close(descriptor)
        elif message == STARTED:
            self._child.has_begun(descriptors[0])
        else:
            self._child.has_ended(_ENDING.unpack(message))
            self._child = None

    def _lose(self) -> None:
        self.is_lost = True
        self.close()
        if not self._ready.done():
            self._ready.set_exception(SlotLost("the slot server has died"))


class SlotChild:
    """A job in a slot. Meets ``sandbox.child.Child``; nothing is left of it once ``wait`` returns."""

    def __init__(self, output: int, answer: int, cgroup: Cgroup | None) -> None:
        self.output, self.answer = output, answer
        self._cgroup = cgroup
        self._ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._pidfd: int | None = None
        self._signals: list[signal.Signals] = []

    @property
    def pid(self) -> int | None:
        """As the worker sees it; None before it has begun and once it is over."""
        if self._pidfd is None or self._ended.done():
            return None
        with suppress(OSError):
            for line in Path(f"/proc/self/fdinfo/{self._pidfd}").read_text().splitlines():
                if line.startswith("Pid:"):
                    pid = int(line.split()[1])
                    return pid if pid > 0 else None
        return None

    def wait(self) -> asyncio.Future[Exit]:
        """When nothing of it is left, to come; has SlotLost where that can't be known."""
        return self._ended

    def signal(self, number: signal.Signals) -> None:
        """Signal it and its process group, at once or as soon as it has begun."""
        if self._pidfd is None:
            self._signals.append(number)
            return
        if (pid := self.pid) is None:
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)
            os.killpg(pid, number)

    def find_shortage(self) -> Shortage | None:
        """Whether a process of it was killed for want of memory."""
        return self._cgroup.find_shortage() if self._cgroup else None

    async def end_survivors(self) -> bool:
        """The slot server has done that by the end."""
        return self._ended.result().is_gone

    def close(self) -> None:
        """Close all that is open of it."""
        os.close(self.output)
        os.close(self.answer)
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None

    def has_begun(self, pidfd: int) -> None:
        """For the slot server's end."""
        self._pidfd = pidfd
        while self._signals:
            self.signal(self._signals.pop(0))

    def has_ended(self, ending: tuple[bytes, int, int, bool, bool]) -> None:
        """For the slot server's end."""
        _, status, peak_kb, is_gone, is_folder_gone = ending
        code = os.waitstatus_to_exitcode(status)
        if not self._ended.done():
            self._ended.set_result(
                Exit(
                    code if code >= 0 else 128 - code, peak_kb, is_gone, is_folder_gone, self.find_shortage()
                )
            )

    def is_lost(self, error: SlotLost) -> None:
        """For the slot server's end."""
        if not self._ended.done():
            self._ended.set_exception(error)


def _as_file(work: Work) -> int:
    """What the job is given, in memory that nobody else has open."""
    descriptor = os.memfd_create("given", os.MFD_CLOEXEC)
    data = memoryview(work.written)
    while data:
        data = data[os.write(descriptor, data) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    return reading, writing
