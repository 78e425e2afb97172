"""Lines that processes of a job hold to the outside: one that is not cut belongs to a process that lives.

They are connections, so they are found whatever a process does to its ids, its names and its environment.
"""

from __future__ import annotations

import asyncio
import socket
from types import TracebackType
from typing import Self

_PATIENCE_SECONDS = 20


class Lifelines:
    """Takes connections; whoever holds one lives until the kernel has closed it."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listening.setblocking(False)
        self._lines: list[socket.socket] = []

    @property
    def port(self) -> int:
        """Where they are taken."""
        return self._listening.getsockname()[1]

    async def until(self, count: int) -> None:
        """Wait until there are so many lines, be they cut meanwhile."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while len(self._lines) < count:
                line, _ = await asyncio.get_running_loop().sock_accept(self._listening)
                self._lines.append(line)

    def count(self) -> int:
        """How many of the lines are not cut; they all are then."""
        living = [line for line in self._lines if not _is_cut(line)]
        for line in self._lines:
            line.close()  # by which whoever is left will end
        self._lines = []
        return len(living)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.count()
        self._listening.close()


def _is_cut(line: socket.socket) -> bool:
    try:
        return not line.recv(1)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
