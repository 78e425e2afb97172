"""What a Python module imports: scripts of its workspace, and packages."""

from __future__ import annotations

import ast
import keyword
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from headrace.runtimes.python_source.syntax import UnreadableSource, parse_python

_WORKSPACE = frozenset({"f", "u"})
_FEWEST_PARTS = 3
"""A script's path has an owner of two parts, which is never a script itself."""
_FORGIVING = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
"""What a handler catches that can do without an import."""


@dataclass(frozen=True, slots=True)
class WorkspaceImport:
    """One thing that a module imports from its workspace, and the line where it does.

    ``readings`` are the paths of the scripts that it may mean, of which one has to be there:
    ``from f.a.b import c`` takes ``c`` from the script ``f/a/b``, or is the script ``f/a/b/c``.
    ``is_optional`` says that the module can do without: it catches ImportError, or asks for types only.
    """

    line: int
    readings: tuple[str, ...]
    is_optional: bool = False

    def is_met(self, there: Collection[str]) -> bool:
        """Whether one of its readings is among the paths that are there."""
        return any(path in there for path in self.readings)

    def missing(self, there: Iterable[str]) -> str:
        """The path to name where none of its readings is there: the longer one in a folder that is there."""
        shortest, longest = self.readings[0], self.readings[-1]
        return longest if any(path.startswith(f"{shortest}/") for path in there) else shortest


@dataclass(frozen=True, slots=True)
class _Import:
    """``from module import names``, or ``import module`` without names; ``level`` counts the leading dots."""

    module: str
    line: int
    names: tuple[str, ...] = ()
    level: int = 0


def read_imports(content: str, path: str | None) -> tuple[WorkspaceImport, ...]:
    """What a module imports from its workspace, anywhere in it, by line.

    Relative imports count from ``path``; without one there are none. Source that does not parse
    imports nothing.
    """
    folder = path.split("/")[:-1] if path else []
    found = (
        WorkspaceImport(item.line, readings, is_optional)
        for node, is_optional in _walk(_parse(content))
        for item in _imports([node])
        for readings in _readings(item, folder)
    )
    return tuple(sorted(dict.fromkeys(found), key=lambda item: item.line))


def workspace_imports(content: str, path: str | None) -> set[str]:
    """The paths of all scripts that a module's imports may mean, whether they are there or not."""
    return {reading for item in read_imports(content, path) for reading in item.readings}


def why_not_importable(path: str) -> str | None:
    """Why no import statement can name the script at a path; None where one can."""
    for part in path.split("/"):
        if keyword.iskeyword(part):
            return f"{part!r} is a word of Python's own"
        if not part.isidentifier():
            return f"{part!r} is no name in Python: it may have letters, digits and '_', and no digit first"
    return None


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


def _walk(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes, and whether each stands where an import may fail."""
    todo: list[tuple[ast.AST, bool]] = [(tree, False)]
    while todo:
        node, is_optional = todo.pop()
        yield node, is_optional
        guarded = _guarded(node)
        todo += [(child, is_optional or child in guarded) for child in ast.iter_child_nodes(node)]


def _guarded(node: ast.AST) -> set[ast.AST]:
    match node:
        case ast.Try(body=body, handlers=handlers) if any(_forgives(handler.type) for handler in handlers):
            return set(body)
        case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"), body=body):
            return set(body)
        case _:
            return set()


def _forgives(caught: ast.expr | None) -> bool:
    match caught:
        case None:
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in _FORGIVING
        case ast.Tuple(elts=several):
            return any(_forgives(one) for one in several)
        case _:
            return False


def _imports(nodes: Iterable[ast.AST]) -> Iterator[_Import]:
    for node in nodes:
        match node:
            case ast.Import(names=aliases, lineno=line):
                yield from (_Import(alias.name, line) for alias in aliases)
            case ast.ImportFrom(module=module, names=aliases, level=level, lineno=line):
                yield _Import(module or "", line, tuple(alias.name for alias in aliases), level)
            case _:
                pass


def _readings(found: _Import, folder: list[str]) -> Iterator[tuple[str, ...]]:
    """The paths that each name of an import may mean; ``folder`` is where its module lies."""
    base: list[str] = []
    if found.level:
        if found.level > len(folder):
            return
        base = folder[: len(folder) - found.level + 1]
    parts = [*base, *(found.module.split(".") if found.module else [])]
    names = [name for name in found.names if name != "*"]
    for paths in [(parts, [*parts, name]) for name in names] or [(parts,)]:
        if readings := tuple("/".join(path) for path in paths if _may_be_script(path)):
            yield readings


def _may_be_script(parts: list[str]) -> bool:
    return len(parts) >= _FEWEST_PARTS and parts[0] in _WORKSPACE
