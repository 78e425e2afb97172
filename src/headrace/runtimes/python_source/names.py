"""What the names at the top level of a module stand for, and values that can be told without running it."""

from __future__ import annotations

import ast
import base64
import builtins
import datetime as dt
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

Meaning = str | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.expr
"""A dotted name of what is imported or built in, or what the module itself binds."""

UNKNOWN = object()
"""What ``literal`` says of a value that only running the module can tell, or that has no JSON form."""

_SAME = {"typing_extensions": "typing", "pydantic.v1": "pydantic", "pydantic.fields": "pydantic"}
_MADE = {
    "datetime.date": dt.date,
    "datetime.datetime": dt.datetime,
    "datetime.time": dt.time,
    "decimal.Decimal": Decimal,
    "pathlib.Path": PurePosixPath,
    "uuid.UUID": UUID,
    "builtins.list": list,
    "builtins.dict": dict,
}
_LARGEST = 10**300


class Names:
    """The names that a module binds at its top level, also below ``if``, ``try`` and ``with`` there."""

    def __init__(self, tree: ast.Module) -> None:
        self._bound: dict[str, Meaning] = {}
        self._stars: list[str] = []
        for statement in _statements(tree.body):
            self._bind(statement)

    def __getitem__(self, name: str) -> Meaning | None:
        return self._bound.get(name)

    def meaning(self, node: ast.expr, known: frozenset[str] = frozenset()) -> Meaning | None:  # noqa: PLR0911 - a form each
        """What a name such as ``t.Optional`` stands for; None for what can't be told.

        ``known`` are dotted names that ``from … import *`` may have brought.
        """
        match node:
            case ast.Name(id=name):
                if name in self._bound:
                    return self._bound[name]
                if hasattr(builtins, name):
                    return f"builtins.{name}"
                return next((dotted for star in self._stars if (dotted := f"{star}.{name}") in known), None)
            case ast.Attribute(value=value, attr=attribute):
                match self.meaning(value):
                    case str() as module:
                        return _same(f"{module}.{attribute}")
                    case ast.ClassDef() as cls:
                        inner = (node for node in cls.body if isinstance(node, ast.ClassDef))
                        return next((node for node in inner if node.name == attribute), None)
                    case _:
                        return None
            case _:
                return None

    def literal(self, node: ast.expr) -> Any:  # noqa: PLR0911 - a form each
        """The JSON form of a value that is written out; UNKNOWN for any other."""
        match node:
            case ast.Constant(value=value):
                return _plain(value)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=ast.Constant(value=value)):
                number = _plain(value)
                if isinstance(number, bool) or not isinstance(number, int | float):
                    return UNKNOWN
                return -number if isinstance(sign, ast.USub) else number
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return _whole([self.literal(item) for item in items])
            case ast.Dict(keys=keys, values=values):
                return self._literal_dict(keys, values)
            case ast.Attribute(value=value, attr="value") if isinstance(value, ast.Attribute):
                return self.literal(value)
            case ast.Attribute(value=value, attr=member):
                cls = self.meaning(value)
                return self._literal_member(cls, member) if isinstance(cls, ast.ClassDef) else UNKNOWN
            case ast.Call(func=function, args=positional, keywords=named):
                return self._literal_call(self.meaning(function), positional, named)
            case _:
                return UNKNOWN

    def _bind(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Import(names=aliases):
                for alias in aliases:
                    name = alias.asname or alias.name.partition(".")[0]
                    self._bound[name] = _same(alias.name if alias.asname else name)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                origin = "." * level + (module or "")
                for alias in aliases:
                    if alias.name == "*":
                        self._stars.append(_same(origin))
                    else:
                        self._bound[alias.asname or alias.name] = _same(f"{origin}.{alias.name}")
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                self._bound[name] = statement
            case ast.Assign(targets=targets, value=value):
                self._bound |= {target.id: value for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self._bound[name] = value
            case _ if statement.__class__.__name__ == "TypeAlias":  # of Python 3.12
                name, value = statement.name.id, statement.value  # pyright: ignore[reportAttributeAccessIssue,reportUnknownMemberType] - newer than our oldest Python
                self._bound[name] = value
            case _:
                pass

    def _literal_dict(self, keys: list[ast.expr | None], values: list[ast.expr]) -> Any:
        names = [self.literal(key) if key is not None else UNKNOWN for key in keys]
        items = _whole([self.literal(value) for value in values])
        if items is UNKNOWN or not all(isinstance(name, str) for name in names):
            return UNKNOWN
        return dict(zip(names, items, strict=True))

    def _literal_member(self, cls: ast.ClassDef, member: str) -> Any:
        for statement in cls.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == member:
                    found = self.literal(value)
                    return found if isinstance(found, str | int | float) else UNKNOWN
                case _:
                    pass
        return UNKNOWN

    def _literal_call(
        self, function: Meaning | None, positional: list[ast.expr], named: list[ast.keyword]
    ) -> Any:
        made = _MADE.get(function) if isinstance(function, str) else None
        given = _whole([self.literal(argument) for argument in positional])
        if made is None or named or given is UNKNOWN or any(isinstance(item, list | dict) for item in given):
            return UNKNOWN
        try:
            value: Any = made(*given)
            if isinstance(value, Decimal):
                return _plain(float(value))
        except (ValueError, TypeError, ArithmeticError):
            return UNKNOWN
        if isinstance(value, list | dict):
            return value
        return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        match statement:
            case ast.If(body=first, orelse=second):
                yield from _statements([*second, *first])
            case ast.Try(body=first, handlers=handlers, orelse=second, finalbody=last):
                rescued = [inner for handler in handlers for inner in handler.body]
                yield from _statements([*rescued, *first, *second, *last])
            case ast.With(body=first):
                yield from _statements(first)
            case _:
                yield statement


def _same(dotted: str) -> str:
    """One name for what may be imported from several places."""
    module, _, name = dotted.rpartition(".")
    return f"{_SAME[module]}.{name}" if module in _SAME else _SAME.get(dotted, dotted)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, int) and abs(value) > _LARGEST:
        return UNKNOWN
    if isinstance(value, float) and not math.isfinite(value):
        return UNKNOWN
    return value if value is None or isinstance(value, str | int | float) else UNKNOWN


def _whole(items: list[Any]) -> Any:
    return UNKNOWN if any(item is UNKNOWN for item in items) else items
