"""Every error Headrace raises on purpose, cut first by who must act.

    HeadraceError
    ├── InvalidInput        the caller sent something unusable (names the field)
    ├── NotAuthenticated    the caller is unknown
    ├── PermissionDenied    the caller is known and may not
    ├── NotFound            it is not there, or not for this caller: the two look alike
    ├── Conflict            it clashes with what is there now
    ├── TooLarge            a body, result or log beyond its limit
    ├── Unavailable         a part we need is away for the moment; trying again helps
    ├── Damaged             what was stored is missing or is not what was stored
    └── Misconfigured       the operator must change a setting or the machine

What a job's own code does is never an exception of ours: see ``model/outcome.py``.
HTTP statuses are known in ``api/errors.py`` alone, exit codes in ``cli/main.py``.
"""

from __future__ import annotations


class HeadraceError(Exception):
    """Base of all deliberate errors. ``str(error)`` is a whole sentence without secrets."""

    code = "error"


class InvalidInput(HeadraceError):
    """Input that breaks a rule; ``field`` names the part of it that does."""

    code = "invalid_input"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class NotAuthenticated(HeadraceError):
    """No token, or one that is unknown, expired or revoked."""

    code = "not_authenticated"


class PermissionDenied(HeadraceError):
    """The caller may see the thing but not do this to it."""

    code = "permission_denied"


class NotFound(HeadraceError):
    """Nothing there, or nothing this caller may see."""

    code = "not_found"


class Conflict(HeadraceError):
    """The request clashes with the present state, such as a stale parent version."""

    code = "conflict"


class TooLarge(HeadraceError):
    """Something exceeds its limit; the message names size, limit and the setting."""

    code = "too_large"


class Unavailable(HeadraceError):
    """Something we depend on is away; the same request may succeed later."""

    code = "unavailable"


class Damaged(HeadraceError):
    """Stored bytes are missing, or others than were stored; they are never handed out."""

    code = "damaged"


class Misconfigured(HeadraceError):
    """The machine or a setting is at fault; the message says what to change."""

    code = "misconfigured"
