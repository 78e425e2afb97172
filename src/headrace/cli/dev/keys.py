"""Hears single keys at a terminal."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENTER = "\n"
END = "\x04"
"""Ctrl-D."""


@contextmanager
def hearing_keys(on_key: Callable[[str], None]) -> Iterator[bool]:
    """Call ``on_key`` for each key while the block lasts; False where standard input is no terminal of ours.

    The terminal is left as it was.
    """
    if not sys.stdin.isatty() or os.tcgetpgrp(sys.stdin.fileno()) != os.getpgrp():
        yield False
        return
    terminal = sys.stdin.fileno()
    loop = asyncio.get_running_loop()

    def read() -> None:
        keys = os.read(terminal, 1024).decode(errors="replace")
        if not keys:
            loop.remove_reader(terminal)
        for key in keys:
            on_key(key)

    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    loop.add_reader(terminal, read)
    try:
        yield True
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
