"""Errors as answers: the only place that knows HTTP statuses.

Bodies are plain text, one sentence: every official client prints them as they are.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from headrace import errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

log = logging.getLogger(__name__)

STATUSES: dict[type[errors.HeadraceError], int] = {
    errors.InvalidInput: 400,
    errors.NotAuthenticated: 401,
    errors.PermissionDenied: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.Unavailable: 503,
    errors.Damaged: 500,
    errors.Misconfigured: 503,
}


def add_error_handlers(app: FastAPI) -> None:
    """Make every failure of a route a sentence with the right status."""
    app.add_exception_handler(errors.HeadraceError, _deliberate)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _bug)


async def _deliberate(_request: Request, error: Exception) -> PlainTextResponse:
    status = next(STATUSES[cls] for cls in type(error).__mro__ if cls in STATUSES)
    headers = {"Retry-After": "1"} if status == 503 else None
    if isinstance(error, errors.Misconfigured):
        # What is wrong may name parts of the machine: it is for the operator, not for the caller.
        log.error("misconfigured: %s", error)
        return PlainTextResponse("the server is misconfigured; its log says how", status, headers)
    if isinstance(error, errors.Damaged):
        log.error("damaged: %s", error)
    return PlainTextResponse(str(error), status, headers)


async def _invalid(_request: Request, error: Exception) -> PlainTextResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    return PlainTextResponse("; ".join(_sentence(fault) for fault in error.errors()[:5]), 400)


def _sentence(fault: dict[str, Any]) -> str:
    problem = str(fault["msg"]).removeprefix("Value error, ")
    return f"{_field(fault['loc'])}: {problem[:1].lower()}{problem[1:]}"


def _field(location: Sequence[str | int]) -> str:
    parts = [str(part) for part in location]
    return ".".join(parts[1:]) if len(parts) > 1 else parts[0]


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
    return PlainTextResponse(sentence, error.status_code, error.headers)


async def _gone(_request: Request, _error: Exception) -> PlainTextResponse:
    """The client hung up while it was still sending; nobody reads this answer."""
    return PlainTextResponse("the request ended in the middle", 400)


async def _bug(request: Request, error: Exception) -> PlainTextResponse:
    number = secrets.token_hex(8)
    path = request.scope["path"]
    log.error("request failed, id %s: %s %r", number, request.method, path, exc_info=error)
    return PlainTextResponse(f"Something went wrong on our side; it is in the server's log as {number}", 500)
