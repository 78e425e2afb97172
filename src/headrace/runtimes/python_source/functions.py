"""What can be told of a Python script when it is deployed or run: that it parses, and what it has."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from headrace.errors import InvalidInput
from headrace.runtimes.python_source.syntax import UnreadableSource, parse_python

MOST_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class PythonSource:
    """A module that parses: its tree, and what it binds at its top level and may call."""

    tree: ast.Module
    functions: frozenset[str]

    @property
    def is_library(self) -> bool:
        """Whether it can only be imported: it has no ``main``."""
        return "main" not in self.functions

    @property
    def has_preprocessor(self) -> bool:
        """Whether it makes the arguments of ``main`` itself from what a webhook brings."""
        return "preprocessor" in self.functions


def read_python(content: str, field: str = "content") -> PythonSource:
    """Parse a module; raises InvalidInput with line and column where it can't be.

    Source newer than our own interpreter takes a process to read, so call it beside an event loop.
    """
    if len(content) > MOST_CHARACTERS:
        raise InvalidInput(field, f"is longer than {MOST_CHARACTERS} characters")
    try:
        tree = parse_python(content)
    except UnreadableSource as error:
        raise InvalidInput(field, str(error).removeprefix("it ")) from None
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return PythonSource(tree, frozenset(functions | _assigned(tree)))


def require_function(content: str, name: str = "main", field: str = "content") -> None:
    """Raise InvalidInput unless the source parses and has something of this name at its top level."""
    if name not in read_python(content, field).functions:
        raise InvalidInput(field, f"has no function named {name}, so there is nothing to run")


def _assigned(tree: ast.Module) -> set[str]:
    """Names that a module binds by assignment or import: ``main`` may be one of them."""
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.Assign(targets=targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {alias.asname or alias.name for alias in aliases}
            case _:
                pass
    return names
