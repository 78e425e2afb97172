"""The signature of a function of a script, read from its source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headrace.runtimes.python_source.annotations import Annotations, of_value
from headrace.runtimes.python_source.docstring import describe_names
from headrace.runtimes.python_source.names import UNKNOWN, Names

_PREPROCESSOR = "preprocessor"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: the JSON schema of what it takes, and its default in JSON.

    ``default`` is None where there is none, where it is None, and where only running the source can tell
    it (``has_default`` with ``is_default_known`` false). ``is_optional`` says that it takes None.
    """

    name: str
    schema: dict[str, Any]
    has_default: bool
    default: Any
    is_default_known: bool
    is_optional: bool
    description: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes, in order.

    ``error`` says why there is nothing to call. ``is_open`` means that the source does not tell (``main``
    is imported, or made by a call): any arguments may do. ``star_args`` and ``star_kwargs`` are for
    ``*args`` and ``**kwargs``; arguments are given by name, so only the latter take any.
    """

    parameters: tuple[Parameter, ...] = ()
    star_args: bool = False
    star_kwargs: bool = False
    is_open: bool = False
    has_preprocessor: bool = False
    is_library: bool = False
    error: str | None = None


def read_signature(tree: ast.Module, function: str = "main") -> Signature:
    """The signature of a function at the top level of a module."""
    names = Names(tree)
    has_preprocessor, is_library = names[_PREPROCESSOR] is not None, names["main"] is None
    found = _followed(names, function)
    if found is None:
        error = f"the script has no function named {function}"
        return Signature(error=error, has_preprocessor=has_preprocessor, is_library=is_library)
    if not isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return Signature(is_open=True, has_preprocessor=has_preprocessor, is_library=is_library)
    return Signature(
        parameters=tuple(_parameters(found, names)),
        star_args=found.args.vararg is not None,
        star_kwargs=found.args.kwarg is not None,
        has_preprocessor=has_preprocessor,
        is_library=is_library,
    )


def _followed(names: Names, function: str) -> Any:
    """What a name stands for, through ``main = other``."""
    found, seen = names[function], {function}
    while isinstance(found, ast.Name) and found.id not in seen and names[found.id] is not None:
        seen.add(found.id)
        found = names[found.id]
    return found


def _parameters(
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, names: Names
) -> Iterator[Parameter]:
    annotations = Annotations(names)
    docstring = None if isinstance(function, ast.Lambda) else ast.get_docstring(function)
    described = describe_names(docstring or "")
    for argument, default in _with_defaults(function.args):
        yield _parameter(argument, default, annotations, described.get(argument.arg, ""))


def _with_defaults(arguments: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    yield from zip(positional, [*missing, *arguments.defaults], strict=True)
    yield from zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)


def _parameter(
    argument: ast.arg, node: ast.expr | None, annotations: Annotations, description: str
) -> Parameter:
    asked = annotations.read(argument.annotation)
    schema = dict(asked.schema)
    default = UNKNOWN if node is None else _literal(annotations.names, node)
    is_known = default is not UNKNOWN
    if node is not None and argument.annotation is None:
        schema = annotations.of_default(node) or (of_value(default) if is_known else {})
    elif is_known and isinstance(default, list) and default and _is_bare_list(argument.annotation):
        schema |= of_value(default)
    described = description or schema.pop("description", "")
    schema.pop("description", None)
    return Parameter(
        name=argument.arg,
        schema=schema,
        has_default=node is not None,
        default=default if is_known else None,
        is_default_known=is_known,
        is_optional=asked.is_optional or (is_known and default is None),
        description=described,
    )


def _is_bare_list(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name | ast.Attribute)


def _literal(names: Names, node: ast.expr) -> Any:
    try:
        return names.literal(node)
    except RecursionError:
        return UNKNOWN
