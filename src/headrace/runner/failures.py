"""What went wrong in a script, as an error object with the frames of its own code."""

from __future__ import annotations

import json
import os

from .channel import InvalidResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__))
_MOST_CHARACTERS = 200_000


def describe(error: BaseException, folder: str) -> bytes:
    """``{"name", "message", "stack", "extra"}`` as JSON in UTF-8.

    The stack begins where the script does; paths in it are those of the workspace. ``extra`` holds
    the exception's own attributes, as far as they have a JSON form.
    """
    described: dict[str, Any] = {"name": type(error).__name__, "message": _message(error)}
    if isinstance(error, SystemExit):
        described |= {
            "name": "ExecutionErr",
            "message": f"the script ended itself by sys.exit({error.code!r})",
        }
    if not isinstance(error, InvalidResult):
        described["stack"] = _stack(error, folder)
    if extra := _extra(error):
        described["extra"] = extra
    # Text of a script may hold what can't be stored.
    text = json.dumps(described, ensure_ascii=False).replace("\\u0000", "\ufffd")
    return text.encode("utf-8", "replace")


def _message(error: BaseException) -> str:
    try:
        return _cut(str(error))
    except Exception as second:
        return f"(its text can't be had: {type(second).__name__})"


def _stack(error: BaseException, folder: str) -> str:
    import traceback

    error.__traceback__ = _without_ours(error.__traceback__)
    try:
        return _cut("".join(traceback.format_exception(error)).replace(f"{folder}/", ""))
    except Exception as second:
        return f"(its stack can't be had: {type(second).__name__})"


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    """Leave out the frames that led to the script's first line."""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith((_OWN_FOLDER, "<frozen importlib", "<frozen runpy")):
            break
        trace = trace.tb_next
    return trace


def _extra(error: BaseException) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    for name, value in getattr(error, "__dict__", {}).items():
        if name.startswith("__"):
            continue
        try:
            if len(json.dumps(value, allow_nan=False)) <= _MOST_CHARACTERS:
                extra[name] = value
        except (TypeError, ValueError, RecursionError):
            continue
    return extra


def _cut(text: str) -> str:
    if len(text) <= _MOST_CHARACTERS:
        return text
    half = _MOST_CHARACTERS // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
