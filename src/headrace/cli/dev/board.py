"""What a person sees of the work: one line for each thing that happens, with its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.cli.show.terminal import LogView, Style, without_controls
from headrace.clock import now

if TYPE_CHECKING:
    from headrace.cli.show.terminal import Terminal

_STYLES = {
    "broken": Style.RED,
    "refused": Style.RED,
    "unlocked": Style.RED,
    "failure": Style.RED,
    "not run": Style.RED,
    "away": Style.RED,
    "success": Style.GREEN,
    "run": Style.BOLD,
}


class Board:
    """Lines such as ``20:14:05  changed    script f/demo/twice``, by the local time."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def say(self, word: str, text: str) -> None:
        """Tell of one event; of a text with several lines the others stand below."""
        first, *others = without_controls(_printable(text)).splitlines() or [""]
        self.terminal.say(f"{now().astimezone():%H:%M:%S}  {word:<9}  {first}".rstrip(), _STYLES.get(word))
        for line in others:
            self.terminal.say(f"          {line}")

    def say_all(self, text: str) -> None:
        """Show something whole, such as a result."""
        self.terminal.say(without_controls(_printable(text)))

    def say_progress(self, count: int, of: int) -> None:
        """Show how far a long look has come, where a line can be written over."""
        self.terminal.say_status(f"  … {count} of {of}")

    def log(self) -> LogView:
        """A place for a job's log."""
        return LogView(self.terminal)


def _printable(text: str) -> str:
    """Names of files and results may hold what is no character."""
    return text.encode(errors="backslashreplace").decode()
