"""Errors as answers: the only place that knows HTTP statuses.

Bodies are plain text, one sentence: every official client prints them as they are.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from headrace import errors
from headrace.api.entrance.trail import trail_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from starlette.types import Scope

log = logging.getLogger(__name__)

STATUSES: dict[type[errors.HeadraceError], int] = {
    errors.InvalidInput: 400,
    errors.NotAuthenticated: 401,
    errors.PermissionDenied: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.UnknownEncoding: 415,
    errors.TooMany: 429,
    errors.JobFailed: 422,
    errors.UnusableResult: 502,
    errors.NotInTime: 504,
    errors.Unavailable: 503,
    errors.Damaged: 500,
    errors.Misconfigured: 503,
}

_LONGEST_FIELD = 200


def add_error_handlers(app: FastAPI) -> None:
    """Make every refusal by a route a sentence with the right status; the door answers for failures."""
    app.add_exception_handler(errors.HeadraceError, _deliberate)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)


def refusal(scope: Scope, error: errors.HeadraceError) -> PlainTextResponse:
    """The answer that a deliberate error means."""
    status = next(STATUSES[cls] for cls in type(error).__mro__ if cls in STATUSES)
    headers: dict[str, str] = {}
    match error:
        case errors.NotAuthenticated():
            headers["WWW-Authenticate"] = "Bearer"
        case errors.TooMany():
            headers["Retry-After"] = str(math.ceil(error.again_in_seconds))
        case _:
            pass
    if status == 503:
        headers["Retry-After"] = "1"
    return _sentence_of(scope, told(error), status, headers)


def told(error: errors.HeadraceError) -> str:
    """What a caller is told of a deliberate error; what is for the operator alone goes to the log."""
    match error:
        case errors.Misconfigured():
            # What is wrong may name parts of the machine.
            log.error("misconfigured: %s", error)
            return "the server is misconfigured; its log says how"
        case errors.Damaged():
            log.error("damaged: %s", error)
            return "what was stored of this is damaged or missing, and the server's log says what"
        case _:
            return str(error)


def failure(scope: Scope) -> PlainTextResponse:
    """The answer where something of ours went wrong: it tells nothing but where to look."""
    return _sentence_of(scope, "something went wrong on our side, and the server's log says what", 500)


def _sentence_of(
    scope: Scope, sentence: str, status: int, headers: Mapping[str, str] | None = None
) -> PlainTextResponse:
    trail = trail_of(scope)
    trail.reason = sentence
    if status >= 500:
        sentence = f"{sentence} (request {trail.id})"
    return PlainTextResponse(sentence.encode("utf-8", "backslashreplace"), status, headers)


async def _deliberate(request: Request, error: Exception) -> PlainTextResponse:
    if not isinstance(error, errors.HeadraceError):
        raise error
    return refusal(request.scope, error)


async def _invalid(request: Request, error: Exception) -> PlainTextResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    return _sentence_of(request.scope, "; ".join(_sentence(fault) for fault in error.errors()[:5]), 400)


def _sentence(fault: dict[str, Any]) -> str:
    problem = str(fault["msg"]).removeprefix("Value error, ")
    return f"{_field(fault['loc'])}: {problem[:1].lower()}{problem[1:]}"


def _field(location: Sequence[str | int]) -> str:
    """The name of a field; one that the caller chose may be long, or hold anything."""
    parts = [str(part) for part in location]
    name = ".".join(parts[1:]) if len(parts) > 1 else parts[0]
    return "".join(letter if letter.isprintable() else "?" for letter in name[:_LONGEST_FIELD])


async def _http(request: Request, error: Exception) -> PlainTextResponse:
    if not isinstance(error, HTTPException):
        raise error
    method, path = request.method, quote(request.scope["path"])
    match error.status_code:
        case 404:
            sentence = f"there is nothing at {path}"
        case 405:
            sentence = f"{path} does not take {method}"
        case _:
            sentence = str(error.detail)
    return _sentence_of(request.scope, sentence, error.status_code, error.headers)


async def _gone(request: Request, _error: Exception) -> PlainTextResponse:
    """The client hung up while it was still sending; nobody reads this answer."""
    return _sentence_of(request.scope, "the request ended in the middle", 400)
