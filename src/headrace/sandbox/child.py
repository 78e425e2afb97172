"""What every way of starting a process gives: a child that can be waited for and signalled, and two pipes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    import signal

    from headrace.sandbox.cgroup import Shortage


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of a child: its status as a shell shows it, and the most memory it had.

    ``is_gone`` says that none of its processes is left, ``is_folder_gone`` the same of a folder that was made
    for it; both as far as they are seen to by whoever started it. ``shortage`` says that some process of it
    was killed for want of memory, where that can be known.
    """

    code: int
    peak_memory_kb: int
    is_gone: bool = False
    is_folder_gone: bool = False
    shortage: Shortage | None = None


class Child(Protocol):
    """A process in a session of its own."""

    @property
    def output(self) -> int:
        """Reading end of what it prints, non-blocking."""
        ...

    @property
    def answer(self) -> int:
        """Reading end of its result pipe, non-blocking."""
        ...

    @property
    def pid(self) -> int | None:
        """As the worker sees it, while there is one."""
        ...

    def wait(self) -> asyncio.Future[Exit]:
        """Its end, to come; whoever gives up waiting does not cancel it. Asked for once."""
        ...

    def signal(self, number: signal.Signals) -> None:
        """Signal it and all that is in its process group; it need not be there any more."""
        ...

    def find_shortage(self) -> Shortage | None:
        """Whether a process of it was killed for want of memory, as far as that can be known."""
        ...

    async def end_survivors(self) -> bool:
        """Kill what is left of it; False where something can't be ended."""
        ...

    def close(self) -> None:
        """Close the pipes."""
        ...
