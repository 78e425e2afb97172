"""``import x # pin: dist==1.0``: which packages bring an import, in the words of the script."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from headrace.runtimes.base import LockFailed
from headrace.runtimes.python.indexes import without_credentials
from headrace.runtimes.python_dependencies.distributions import is_shared
from headrace.runtimes.python_dependencies.requirement_line import requirement_at_start, what_is_wrong
from headrace.runtimes.python_source.syntax import parsing

_PIN = re.compile(r"#\s*(?P<again>re)?pin:(?P<text>.*)")
_WORKSPACE = frozenset({"f", "u"})


@dataclass(frozen=True, slots=True)
class Pin:
    """``module`` and all below it come with ``requirement``; one that ``overrides`` leaves no other."""

    module: str
    requirement: str
    overrides: bool


def find_pins(content: str) -> list[Pin]:
    """The pins beside the imports of packages at a script's top level.

    A pin goes for the module that is named; for ``from a import b`` that is ``a``, and ``a.b`` where many
    distributions share ``a``. Raises LockFailed at one that names no package or stands beside two imports.
    """
    if not _PIN.search(content):
        return []
    return [
        pin
        for part in _parts(content)
        for code, comment in _top_level_statements(part)
        if (marked := _PIN.search(comment)) and (pin := _read(code, marked))
    ]


def _parts(content: str) -> Iterator[str]:
    """The lines of each import at the top level; all of it where a newer Python is needed to read it."""
    tree = _parse(content)
    if tree is None:
        yield content
        return
    lines = io.StringIO(content.removeprefix("\ufeff"), newline=None).readlines()
    read = 0
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom) and statement.lineno > read:
            read = statement.end_lineno or statement.lineno
            yield "".join(lines[statement.lineno - 1 : read])


def _top_level_statements(content: str) -> Iterator[tuple[str, str]]:
    """Each statement with a comment beside it that is not indented: its code, and its comments."""
    code: list[str] = []
    comments: list[str] = []
    depth = 0
    for token in _tokens(content):
        match token.type:
            case tokenize.INDENT:
                depth += 1
            case tokenize.DEDENT:
                depth -= 1
            case tokenize.COMMENT if code:
                comments.append(token.string)
            case tokenize.NEWLINE | tokenize.ENDMARKER:
                if depth == 0 and comments:
                    yield " ".join(code), " ".join(comments)
                code, comments = [], []
            case tokenize.COMMENT | tokenize.NL:
                pass
            case _:
                code.append(token.string)


def _tokens(content: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of a script, up to the first that can't be read."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(content.removeprefix("\ufeff")).readline)
    except (tokenize.TokenError, SyntaxError, ValueError):
        return


def _read(code: str, marked: re.Match[str]) -> Pin | None:
    modules = _modules(code)
    if not modules or modules[0].split(".")[0] in _WORKSPACE:
        return None
    written = f"# {marked['again'] or ''}pin:{marked['text']}".rstrip()
    if len(modules) > 1:
        raise LockFailed(f"{written!r} stands beside more than one import: write each on a line of its own")
    text = " ".join(marked["text"].split())
    requirement = requirement_at_start(text)
    if requirement is None:
        shown = without_credentials(written)[:100]
        raise LockFailed(f"{shown!r} beside 'import {modules[0]}' names no package: {what_is_wrong(text)}")
    return Pin(modules[0], requirement, overrides=bool(marked["again"]))


def _modules(code: str) -> list[str]:
    """What a statement imports, without repetition; nothing if it can't be read or is relative."""
    tree = _parse(code)
    found: list[str] = []
    for statement in tree.body if tree else ():
        match statement:
            case ast.Import(names=aliases):
                found += [alias.name for alias in aliases]
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                found += [f"{module}.{alias.name}" for alias in aliases] if is_shared(module) else [module]
            case _:
                pass
    return list(dict.fromkeys(found))


def _parse(code: str) -> ast.Module | None:
    try:
        with parsing():
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
