"""What is remembered of a request while it is answered, and the line about it in the log."""

from __future__ import annotations

import logging
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from starlette.types import Scope

log = logging.getLogger(__name__)

REQUEST_ID = b"x-request-id"

_GIVEN_ID = re.compile(rb"[A-Za-z0-9-]{1,64}")
_LONG_WORD = re.compile(r"[\w-]{32,}", re.ASCII)
_JOB_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_LONGEST = 300


@dataclass(slots=True)
class Trail:
    """One request. ``status`` is 0 until an answer has begun; ``who`` is an email, once that is known."""

    id: str
    method: str
    path: str
    who: str = "nobody"
    status: int = 0
    reason: str = ""

    def tell(self) -> None:
        """Log a refusal or a failure; what went well says nothing."""
        if self.status < 400:
            return
        # A job that takes longer than somebody waits for it is neither.
        level = logging.WARNING if self.status >= 500 and self.status != 504 else logging.INFO
        log.log(
            level,
            "request %s by %s, %s %s: %d %s",
            self.id,
            self.who,
            self.method,
            self.path,
            self.status,
            _without_secrets(self.reason)[:_LONGEST],
        )


def begin_trail(scope: Scope) -> Trail:
    """The trail of a request that has just come, to be found by ``trail_of``."""
    trail = Trail(_request_id(scope), scope["method"], shown_path(scope["path"]))
    scope.setdefault("state", {})["trail"] = trail
    return trail


def trail_of(scope: Scope) -> Trail:
    """The trail of a request that came through the door."""
    return scope["state"]["trail"]


def shown_path(path: str) -> str:
    """A path as it may be logged: quoted, and without what may be a token or a signature."""
    return quote(_without_secrets(path), safe="/*")[:_LONGEST]


def _without_secrets(text: str) -> str:
    """The text without its long words, unless they are ids of jobs."""
    return _LONG_WORD.sub(lambda found: found[0] if _JOB_ID.fullmatch(found[0]) else "***", text)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == REQUEST_ID and _GIVEN_ID.fullmatch(value):
            return value.decode()
    return secrets.token_hex(8)
