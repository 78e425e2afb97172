"""What a job prints, on its way to whoever keeps it, up to a limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

Write = Callable[[bytes], Awaitable[None]]
"""Takes output in the order in which it was printed; waits when its reader is slower."""


class Output:
    """Hands on output; what is beyond the limit is counted and dropped, so that the job is not held up."""

    def __init__(self, write: Write, most_bytes: int) -> None:
        self._write = write
        self._most = most_bytes
        self._received = 0

    async def take(self, data: bytes) -> None:
        """Take some."""
        room = max(0, self._most - self._received)
        self._received += len(data)
        if room:
            await self._write(data[:room])

    async def end(self) -> None:
        """Nothing more comes; says how much was dropped, if some was."""
        if self._received > self._most:
            dropped = self._received - self._most
            line = f"\n--- the log is cut here: {dropped} bytes more than log_limit_mb allows ---\n"
            await self._write(line.encode())
