"""The program's own log: one line for each record, on standard error."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headrace.settings import Settings

_QUIET = {
    "uvicorn": logging.WARNING,
    "asyncio": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "asyncpg.pool": logging.ERROR,
    "python_multipart": logging.ERROR,
}
"""Libraries that tell of every step, of every try to reach a database that we know to be away, or of every
form that is refused."""


class _Line(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        line = f"{at.replace('+00:00', 'Z')} {self._process}: {level}{record.getMessage()}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def set_up_log(settings: Settings, process: str) -> None:
    """Log under the name of a process, such as ``worker``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(process))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
