"""The classes of a script that a parameter may ask for: their kind, their fields, their members."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from headrace.runtimes.python_source.docstring import describe_names
from headrace.runtimes.python_source.names import UNKNOWN, Names

CONSTRAINTS = {
    "ge": "minimum",
    "le": "maximum",
    "gt": "exclusiveMinimum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "regex": "pattern",
    "title": "title",
    "description": "description",
}
"""Words of pydantic's Field and what they are called in a JSON schema."""


class Kind(StrEnum):
    """What a class is, as far as JSON is concerned."""

    DATACLASS = "dataclass"
    MODEL = "model"
    TYPED_DICT = "typed_dict"
    NAMED_TUPLE = "named_tuple"
    ENUM = "enum"
    DICT = "dict"
    OTHER = "other"


RECORDS = frozenset({Kind.DATACLASS, Kind.MODEL, Kind.TYPED_DICT, Kind.NAMED_TUPLE})

_BASES = {
    "typing.TypedDict": Kind.TYPED_DICT,
    "typing.NamedTuple": Kind.NAMED_TUPLE,
    "pydantic.BaseModel": Kind.MODEL,
    "pydantic.main.BaseModel": Kind.MODEL,
    "enum.Enum": Kind.ENUM,
    "enum.IntEnum": Kind.ENUM,
    "enum.StrEnum": Kind.ENUM,
    "enum.Flag": Kind.ENUM,
    "enum.IntFlag": Kind.ENUM,
    "builtins.dict": Kind.DICT,
}
_DATACLASS = frozenset({"dataclasses.dataclass", "pydantic.dataclasses.dataclass"})
_FIELD = frozenset({"dataclasses.field", "pydantic.Field", "pydantic.dataclasses.Field"})
_FACTORIES: dict[str, Any] = {
    "builtins.list": [],
    "builtins.dict": {},
    "builtins.set": [],
    "builtins.tuple": [],
}
_QUALIFIERS = {"Required": True, "NotRequired": False, "ReadOnly": None}
KNOWN = frozenset({*_BASES, *_DATACLASS, *_FIELD})


@dataclass(slots=True)
class FieldOf:
    """One field: its annotation, whether it must be given, its JSON default (UNKNOWN without one)."""

    name: str
    annotation: ast.expr
    is_required: bool
    default: Any = UNKNOWN
    refined: dict[str, Any] = field(default_factory=dict[str, Any])


def kind_of(cls: ast.ClassDef, names: Names) -> Kind:
    """What a class is by its decorators and bases, those of the script followed."""
    return next(iter(_kinds(cls, names, [])), Kind.OTHER)


def fields_of(cls: ast.ClassDef, names: Names) -> list[FieldOf]:
    """The fields that a record is made of, those of its bases first."""
    kind = kind_of(cls, names)
    found: dict[str, FieldOf] = {}
    for one in _lineage(cls, names, []):
        described = describe_names(ast.get_docstring(one) or "")
        for each in _own_fields(one, kind, names):
            if text := described.get(each.name):
                each.refined.setdefault("description", text)
            found[each.name] = each
    return list(found.values())


def functional_fields(call: ast.Call, names: Names) -> list[FieldOf] | None:
    """Those of ``TypedDict("X", {…})``, ``NamedTuple("X", […])`` and ``namedtuple("X", …)``; else None."""
    match names.meaning(call.func, KNOWN), call.args:
        case "typing.TypedDict", [_, ast.Dict(keys=keys, values=values)]:
            is_total = _is_total(call.keywords)
            pairs = zip(keys, values, strict=True)
            return [_typed(name, v, names, is_total=is_total) for k, v in pairs if (name := _text(k))]
        case "typing.NamedTuple", [_, ast.List(elts=items) | ast.Tuple(elts=items)]:
            pairs = [item.elts for item in items if isinstance(item, ast.Tuple) and len(item.elts) == 2]
            return [FieldOf(name, v, is_required=True) for k, v in pairs if (name := _text(k))]
        case "collections.namedtuple", [_, listed]:
            found = names.literal(listed)
            words = found.replace(",", " ").split() if isinstance(found, str) else found
            if not isinstance(words, list):
                return None
            return [FieldOf(str(word), ast.Name("object"), is_required=True) for word in words]
        case _:
            return None


def members_of(cls: ast.ClassDef, names: Names) -> list[Any]:
    """The values of an enum's members, their names where values have no JSON form; each once."""
    is_text = any(names.meaning(base) == "enum.StrEnum" for base in cls.bases)
    is_flag = any(names.meaning(base) in ("enum.Flag", "enum.IntFlag") for base in cls.bases)
    pairs: list[tuple[str, Any]] = []
    number = 0
    for name, node in _members(cls):
        value = names.literal(node)
        if isinstance(node, ast.Call) and names.meaning(node.func, frozenset({"enum.auto"})) == "enum.auto":
            number = (number * 2 or 1) if is_flag else number + 1
            value = name.lower() if is_text else number
        if isinstance(value, int):
            number = value
        pairs.append((name, value))
    if all(isinstance(value, str | int | float) for _, value in pairs):
        return _once([value for _, value in pairs])
    return [name for name, _ in pairs]


def functional_members(call: ast.Call, names: Names) -> list[Any] | None:
    """Those of ``Enum("E", "A B")``, with a list or a dict as well; None for what is no enum."""
    dotted = names.meaning(call.func, KNOWN)
    if not isinstance(dotted, str) or _BASES.get(dotted) is not Kind.ENUM or len(call.args) != 2:
        return None
    match names.literal(call.args[1]):
        case str() as text:
            listed = text.replace(",", " ").split()
        case dict() as members:
            return _once(list(members.values()))
        case list() as items:
            listed = [item for item in items if isinstance(item, str)]
        case _:
            return None
    return [name.lower() for name in listed] if dotted == "enum.StrEnum" else list(range(1, len(listed) + 1))


def refined_by(call: ast.expr, names: Names) -> dict[str, Any]:
    """What ``Field(…)`` says of a value, in words of a JSON schema."""
    if not isinstance(call, ast.Call):
        return {}
    said = {word.arg: names.literal(word.value) for word in call.keywords if word.arg in CONSTRAINTS}
    return {CONSTRAINTS[str(word)]: value for word, value in said.items() if value not in (None, UNKNOWN)}


def _kinds(cls: ast.ClassDef, names: Names, seen: list[ast.ClassDef]) -> Iterator[Kind]:
    if cls in seen:
        return
    for decorator in cls.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if names.meaning(called, KNOWN) in _DATACLASS:
            yield Kind.DATACLASS
    for base in cls.bases:
        match names.meaning(_without_parameters(base), KNOWN):
            case str() as dotted if dotted in _BASES:
                yield _BASES[dotted]
            case ast.ClassDef() as parent:
                yield from _kinds(parent, names, [*seen, cls])
            case _:
                pass


def _lineage(cls: ast.ClassDef, names: Names, seen: list[ast.ClassDef]) -> Iterator[ast.ClassDef]:
    if cls in seen:
        return
    for base in reversed(cls.bases):
        parent = names.meaning(_without_parameters(base))
        if isinstance(parent, ast.ClassDef):
            yield from _lineage(parent, names, [*seen, cls])
    yield cls


def _without_parameters(base: ast.expr) -> ast.expr:
    return base.value if isinstance(base, ast.Subscript) else base


def _own_fields(cls: ast.ClassDef, kind: Kind, names: Names) -> Iterator[FieldOf]:
    is_total = _is_total(cls.keywords)
    for statement in cls.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                if _is_no_field(name, annotation, value, kind, names):
                    continue
                if kind is Kind.TYPED_DICT:
                    yield _typed(name, annotation, names, is_total=is_total)
                else:
                    yield _with_default(name, annotation, value, names)
            case _:
                pass


def _is_no_field(name: str, annotation: ast.expr, value: ast.expr | None, kind: Kind, names: Names) -> bool:
    if name.startswith("_") and kind in (Kind.MODEL, Kind.DATACLASS) and (kind is Kind.MODEL or name == "_"):
        return True
    asked = names.meaning(_without_parameters(annotation), frozenset({"typing.ClassVar"}))
    if asked == "typing.ClassVar" or (
        isinstance(annotation, ast.Constant) and "ClassVar" in str(annotation.value)
    ):
        return True
    if isinstance(value, ast.Call) and names.meaning(value.func, KNOWN) in _FIELD:
        return any(word.arg == "init" and names.literal(word.value) is False for word in value.keywords)
    return False


def _with_default(name: str, annotation: ast.expr, value: ast.expr | None, names: Names) -> FieldOf:
    if value is None:
        return FieldOf(name, annotation, is_required=True)
    if not isinstance(value, ast.Call) or names.meaning(value.func, KNOWN) not in _FIELD:
        return FieldOf(name, annotation, is_required=False, default=names.literal(value))
    words = {word.arg: word.value for word in value.keywords}
    default = words.get("default", value.args[0] if value.args else None)
    is_ellipsis = isinstance(default, ast.Constant) and default.value is ...
    found = UNKNOWN if default is None or is_ellipsis else names.literal(default)
    is_required = (default is None or is_ellipsis) and "default_factory" not in words
    if "default_factory" in words:
        found = _FACTORIES.get(str(names.meaning(words["default_factory"])), UNKNOWN)
    called = names.literal(words["alias"]) if "alias" in words else name
    return FieldOf(
        called if isinstance(called, str) else name, annotation, is_required, found, refined_by(value, names)
    )


def _typed(name: str, annotation: ast.expr, names: Names, *, is_total: bool) -> FieldOf:
    is_required = is_total
    while isinstance(annotation, ast.Subscript):
        dotted = str(names.meaning(annotation.value, frozenset(f"typing.{word}" for word in _QUALIFIERS)))
        word = dotted.removeprefix("typing.")
        if word not in _QUALIFIERS:
            break
        said = _QUALIFIERS[word]
        is_required = is_required if said is None else said
        annotation = annotation.slice
    return FieldOf(name, annotation, is_required)


def _is_total(words: list[ast.keyword]) -> bool:
    return not any(
        word.arg == "total" and isinstance(word.value, ast.Constant) and word.value.value is False
        for word in words
    )


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _members(cls: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for statement in cls.body:
        match statement:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if isinstance(target, ast.Name) and not target.id.startswith("_"):
                        yield target.id, value
            case _:
                pass


def _once(values: list[Any]) -> list[Any]:
    kept: list[Any] = []
    for value in values:
        if not any(value == other and type(value) is type(other) for other in kept):
            kept.append(value)
    return kept
