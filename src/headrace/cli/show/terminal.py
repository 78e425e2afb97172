"""What a person sees of a long command: lines, a job's log as it grows, and how long one has waited."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TextIO

from headrace.clock import monotonic

_CLEAR_LINE = "\r\x1b[2K"
_QUIET_SECONDS = 1
_NARROWEST, _WIDEST = 40, 110
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Style(StrEnum):
    """How a line looks where there are colours."""

    BOLD = "1"
    DIM = "2"
    RED = "31"
    GREEN = "32"


class Terminal:
    """Standard output; plain text where it is no terminal, without colours where NO_COLOR is set."""

    def __init__(self, out: TextIO | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self._out = out or sys.stdout
        self._is_live = self._out.isatty() and environ.get("TERM") != "dumb"
        self._has_colors = self._is_live and not environ.get("NO_COLOR")
        self._has_status = False

    @property
    def width(self) -> int:
        """How many characters fit into a line."""
        columns = shutil.get_terminal_size().columns if self._is_live else _WIDEST
        return max(_NARROWEST, min(columns, _WIDEST))

    def say(self, text: str = "", style: Style | None = None) -> None:
        """Write a line, or several."""
        self._clear_status()
        self._out.write(self._painted(text, style) + "\n")
        self._out.flush()

    def say_status(self, text: str) -> None:
        """Show a line that the next one replaces; nothing where that can't be done."""
        if self._is_live:
            self._out.write(_CLEAR_LINE + self._painted(text[: self.width - 1], Style.DIM))
            self._out.flush()
            self._has_status = True

    @asynccontextmanager
    async def waiting(self, for_what: str) -> AsyncIterator[None]:
        """Show for how long one has been waiting, while the block lasts."""
        ticking = asyncio.create_task(self._tick(for_what))
        try:
            yield
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
            self._clear_status()

    async def _tick(self, for_what: str) -> None:
        began = monotonic()
        while self._is_live:
            await asyncio.sleep(_QUIET_SECONDS)
            self.say_status(f"  … {for_what}, {monotonic() - began:.0f} s")

    def _clear_status(self) -> None:
        if self._has_status:
            self._out.write(_CLEAR_LINE)
            self._out.flush()
            self._has_status = False

    def _painted(self, text: str, style: Style | None) -> str:
        return f"\x1b[{style.value}m{text}\x1b[0m" if self._has_colors and style and text else text


class LogView:
    """A job's log as lines of a terminal, each behind a bar; pieces of it may end within a line."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._rest = ""

    def add(self, piece: str) -> None:
        """Show what has become a whole line."""
        *lines, self._rest = (self._rest + piece).split("\n")
        for line in lines:
            self._show(line)

    def close(self) -> None:
        """Show a last line that has no end."""
        if self._rest:
            self._show(self._rest)
            self._rest = ""

    def _show(self, line: str) -> None:
        # Of a line that was written over, the last state counts.
        shown = without_controls(line.rstrip("\r").rpartition("\r")[2])
        self._terminal.say(f"  │ {shown}".rstrip(), Style.DIM)


def without_controls(text: str) -> str:
    """The text without what would move a cursor or change colours; tabs and ends of lines stay."""
    return _CONTROL.sub("", text)
