"""Every error Headrace raises on purpose, cut first by who must act.

    HeadraceError
    ├── InvalidInput        the caller sent something unusable (names the field)
    ├── NotAuthenticated    the caller is unknown
    ├── PermissionDenied    the caller is known and may not
    ├── NotFound            it is not there, or not for this caller: the two look alike
    ├── Conflict            it clashes with what is there now
    ├── TooLarge            a body, result or log beyond its limit
    ├── UnknownEncoding     a body in a form that is not read
    ├── TooMany             more at once, or in a time, than a setting allows
    ├── JobFailed           the job that the caller waited for has no answer to give: its author must act
    ├── UnusableResult      a job's result asks for an answer that can't be given: its author must act
    ├── NotInTime           the job that the caller waited for goes on
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


class UnknownEncoding(HeadraceError):
    """A body in a form that is not read, such as a compressed one."""

    code = "unknown_encoding"


class TooMany(HeadraceError):
    """More than a setting allows, at once or in a time; the same request may succeed in some seconds."""

    code = "too_many"

    def __init__(self, message: str, again_in_seconds: float) -> None:
        super().__init__(message)
        self.again_in_seconds = again_in_seconds


class JobFailed(HeadraceError):
    """A job that the caller waited for has failed, where only its success is an answer."""

    code = "job_failed"


class UnusableResult(HeadraceError):
    """A result asks for an answer that can't be given, such as a status that there is not."""

    code = "unusable_result"


class NotInTime(HeadraceError):
    """A job that the caller waited for did not end within the limit; it goes on."""

    code = "not_in_time"


class Unavailable(HeadraceError):
    """Something we depend on is away; the same request may succeed later."""

    code = "unavailable"


class Damaged(HeadraceError):
    """Stored bytes are missing, or others than were stored; they are never handed out."""

    code = "damaged"


class Misconfigured(HeadraceError):
    """The machine or a setting is at fault; the message says what to change."""

    code = "misconfigured"
