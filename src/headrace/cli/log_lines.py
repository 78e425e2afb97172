"""The program's own log: one line for each record, on standard error."""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headrace.settings import Settings

_QUIET = {
    "uvicorn": logging.ERROR,
    "asyncio": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "asyncpg.pool": logging.ERROR,
    "python_multipart": logging.ERROR,
}
"""Libraries that tell of every step, of every try to reach a database that we know to be away, or of every
form that is refused."""


_CONTROL = re.compile("[\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]")


class Line(logging.Formatter):
    """Formats a record as one line under the name of a process; a traceback follows it, indented."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        line = f"{at.replace('+00:00', 'Z')} {self._process}: {level}{_in_one_line(record.getMessage())}"
        if record.exc_info:
            # Indented, so that no text in an exception looks like a line of ours.
            for told in self.formatException(record.exc_info).splitlines():
                line += f"\n    {_in_one_line(told)}"
        return line


def _in_one_line(text: str) -> str:
    """A text whose control characters, such as line breaks, are written as escapes: none forges a line."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def set_up_log(settings: Settings, process: str) -> None:
    """Log under the name of a process, such as ``worker``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line(process))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
