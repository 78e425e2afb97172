"""What a Python module imports: scripts of its workspace, and packages."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from headrace.runtimes.python.syntax import UnreadableSource, parse_python

_WORKSPACE = frozenset({"f", "u"})
_FEWEST_PARTS = 3
"""A script's path has an owner of two parts, which is never a script itself."""


@dataclass(frozen=True, slots=True)
class _Import:
    """``from module import names``, or ``import module`` without names; ``level`` counts the leading dots."""

    module: str
    names: tuple[str, ...] = ()
    level: int = 0


def workspace_imports(content: str, path: str | None) -> set[str]:
    """The paths of the workspace scripts that a module imports, anywhere in it.

    ``from f.a.b import c`` may mean the script ``f/a/b`` or the script ``f/a/b/c``: both are given, and
    ``missing_imports`` forgives the one that is not there. Relative imports count from ``path``; without
    one there are none. Source that does not parse imports nothing.
    """
    folder = path.split("/")[:-1] if path else []
    return {
        "/".join(parts)
        for found in _imports(ast.walk(_parse(content)))
        for parts in _candidates(found, folder)
        if parts[0] in _WORKSPACE and len(parts) >= _FEWEST_PARTS
    }


def missing_imports(wanted: Iterable[str], found: Iterable[str]) -> list[str]:
    """The paths of ``wanted`` that are neither found nor the other reading of one that is, in order.

    ``f/a/b/c`` is forgiven where ``f/a/b`` is there, and the other way round; where neither is, only
    ``f/a/b`` is named.
    """
    there = set(found)
    folders = {parent for path in there for parent in _above(path)}
    missing = {path for path in set(wanted) - there - folders if there.isdisjoint(_above(path))}
    return sorted(path for path in missing if missing.isdisjoint(_above(path)))


def package_modules(content: str) -> set[str]:
    """What a module imports from packages at its top level: ``from a.b import c`` gives ``a.b.c``.

    Imports within functions and blocks do not count, nor do the standard library and the workspace.
    """
    modules: set[str] = set()
    for found in _imports(_parse(content).body):
        root = found.module.partition(".")[0]
        if found.level == 0 and root not in sys.stdlib_module_names | _WORKSPACE:
            names = [name for name in found.names if name != "*"]
            modules |= {f"{found.module}.{name}" for name in names} or {found.module}
    return modules


def _parse(content: str) -> ast.Module:
    try:
        return parse_python(content)
    except UnreadableSource:
        return ast.Module(body=[], type_ignores=[])


def _imports(nodes: Iterable[ast.AST]) -> Iterator[_Import]:
    for node in nodes:
        match node:
            case ast.Import(names=aliases):
                yield from (_Import(alias.name) for alias in aliases)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                yield _Import(module or "", tuple(alias.name for alias in aliases), level)
            case _:
                pass


def _candidates(found: _Import, folder: list[str]) -> Iterator[list[str]]:
    """The paths that an import may mean, in parts; ``folder`` is where its module lies."""
    base: list[str] = []
    if found.level:
        if found.level > len(folder):
            return
        base = folder[: len(folder) - found.level + 1]
    parts = [*base, *(found.module.split(".") if found.module else [])]
    yield parts
    yield from ([*parts, name] for name in found.names if name != "*")


def _above(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:count]) for count in range(_FEWEST_PARTS, len(parts)))
