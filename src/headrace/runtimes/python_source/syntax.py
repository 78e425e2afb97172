"""Reads Python source as a tree, also source that is newer than the interpreter we run on."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

_MAY_BE_NEWER = re.compile(
    r"^\s*type\s+\w+\s*[\[=]"  # PEP 695: type X = …
    r"|\b(?:def|class)\s+\w+\s*\["  # PEP 695: def f[T]()
    r"|\bexcept\b[^\n:(]*,"  # PEP 758: except A, B:
    r"|(?<![\w'\"])(?:[fFtT][rR]?|[rR][fFtT])['\"]",  # PEP 701: what nests in f"", PEP 750: t""
    re.MULTILINE,
)
_CHILD = [sys.executable, "-I", "-m", "headrace.runtimes.python_source.newer_syntax"]
_PATIENCE_SECONDS = 15.0
_ONE_AT_A_TIME = Lock()
_TOO_DEEP = "it is nested too deeply to be parsed"


class UnreadableSource(ValueError):
    """No parser reads it; the message says why and where, as ``… (line 1, column 2)``."""


def parse_python(content: str) -> ast.Module:
    """Parse a module without running it; raises UnreadableSource.

    Of newer syntax is kept what we ask about: imports, signatures, defaults, docstrings. Lines are those
    of the source, except below a list of type parameters that spans lines.
    """
    try:
        return _parse(content)
    except SyntaxError as error:
        fault = error
    except (RecursionError, MemoryError):
        raise UnreadableSource(_TOO_DEEP) from None
    except ValueError as error:
        raise UnreadableSource(f"it is not valid Python: {error}") from None
    if not _MAY_BE_NEWER.search(content):
        raise _unreadable(fault.msg, fault.lineno, fault.offset)
    return _parse_newer(content, fault)


@contextmanager
def parsing() -> Iterator[None]:
    """Around each ``ast.parse``: no warnings, and one thread at a time.

    Python counts the depth of a tree in a place that all threads share, and so are its filters of warnings:
    where a thread is interrupted while it makes a tree, another one's parse makes its own a SystemError.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _parse(content: str) -> ast.Module:
    with parsing():
        return ast.parse(content)


def _parse_newer(content: str, fault: SyntaxError) -> ast.Module:
    """Parse what may be newer; of two parsers' faults the one counts that got further."""
    answer = _written_down(content)
    if answer is None:
        raise UnreadableSource(_TOO_DEEP)
    if answer.text is None:
        if (answer.line, answer.column) > (fault.lineno or 0, fault.offset or 0):
            raise _unreadable("invalid syntax", answer.line, answer.column)
        raise _unreadable(fault.msg, fault.lineno, fault.offset)
    try:
        return _parse(answer.text)
    except SyntaxError as error:
        raise _unreadable(error.msg, error.lineno, error.offset) from None
    except (RecursionError, MemoryError):
        raise UnreadableSource(_TOO_DEEP) from None


@dataclass(frozen=True, slots=True)
class _Answer:
    """The source in older syntax, or the place of its fault."""

    text: str | None = None
    line: int = 0
    column: int = 0


@lru_cache(maxsize=64)
def _written_down(content: str) -> _Answer | None:
    """What ``newer_syntax`` says of a source; None where it gave up.

    A process of its own: the parser is native code, which deep nesting ends by a signal or keeps busy for
    hours. A script is asked about several times (when deployed, locked and run), so answers are kept.
    """
    try:
        done = subprocess.run(
            _CHILD,
            input=content.encode("utf-8", "replace"),
            capture_output=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
            cwd="/",
            env={},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return _Answer(**json.loads(done.stdout)) if done.returncode == 0 else None


def _unreadable(message: str, line: int | None, column: int | None) -> UnreadableSource:
    return UnreadableSource(f"it is not valid Python: {message} (line {line}, column {column})")
