"""From an annotation, as it is written, to the JSON schema of the values it asks for."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, field
from typing import Any

from headrace.runtimes.python_source.classes import KNOWN as OF_CLASSES
from headrace.runtimes.python_source.classes import (
    RECORDS,
    FieldOf,
    Kind,
    fields_of,
    functional_fields,
    functional_members,
    kind_of,
    members_of,
    refined_by,
)
from headrace.runtimes.python_source.names import UNKNOWN, Meaning, Names
from headrace.runtimes.python_source.syntax import parsing

MOST_DEPTH = 10
MOST_FIELDS = 200
_MOST_NODES = 5000
"""Bounds what one signature may unfold to: classes that hold each other twice would double at each level."""

_PLAIN: dict[str, dict[str, Any]] = {
    "builtins.str": {"type": "string"},
    "builtins.int": {"type": "integer"},
    "builtins.float": {"type": "number"},
    "builtins.bool": {"type": "boolean"},
    "builtins.dict": {"type": "object"},
    "builtins.list": {"type": "array", "items": {"type": "string"}},
    "builtins.set": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    "builtins.frozenset": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    "builtins.tuple": {"type": "array"},
    "builtins.bytes": {"type": "string", "contentEncoding": "base64"},
    "typing.AnyStr": {"type": "string"},
    "typing.LiteralString": {"type": "string"},
    "datetime.datetime": {"type": "string", "format": "date-time"},
    "datetime.date": {"type": "string", "format": "date"},
    "datetime.time": {"type": "string", "format": "time"},
    "datetime.timedelta": {"type": "string", "format": "duration"},
    "decimal.Decimal": {"type": "number"},
    "uuid.UUID": {"type": "string", "format": "uuid"},
    "pathlib.Path": {"type": "string"},
    "pathlib.PurePath": {"type": "string"},
    "pathlib.PosixPath": {"type": "string"},
    "pathlib.PurePosixPath": {"type": "string"},
    "pydantic.EmailStr": {"type": "string", "format": "email"},
    "pydantic.HttpUrl": {"type": "string", "format": "uri"},
    "pydantic.AnyUrl": {"type": "string", "format": "uri"},
    "pydantic.AnyHttpUrl": {"type": "string", "format": "uri"},
    "pydantic.SecretStr": {"type": "string", "password": True},
    "pydantic.PositiveInt": {"type": "integer", "exclusiveMinimum": 0},
    "pydantic.NonNegativeInt": {"type": "integer", "minimum": 0},
    "pydantic.NegativeInt": {"type": "integer", "exclusiveMaximum": 0},
    "pydantic.PositiveFloat": {"type": "number", "exclusiveMinimum": 0},
    "pydantic.NonNegativeFloat": {"type": "number", "minimum": 0},
}
_S3 = frozenset({"wmill.S3Object", "wmill.s3_types.S3Object", "wmill.client.S3Object"})
_LISTS = frozenset(
    [
        "list",
        "List",
        "Sequence",
        "MutableSequence",
        "Iterable",
        "Collection",
        "Container",
        "deque",
        "Deque",
        "Iterator",
        "Reversible",
    ]
)
_SETS = frozenset(["set", "frozenset", "Set", "FrozenSet", "AbstractSet", "MutableSet"])
_DICTS = frozenset(
    [
        "dict",
        "Dict",
        "Mapping",
        "MutableMapping",
        "DefaultDict",
        "defaultdict",
        "OrderedDict",
        "Counter",
        "ChainMap",
    ]
)
_SEEN_THROUGH = frozenset(["Required", "NotRequired", "ReadOnly", "Final", "ClassVar", "InitVar"])
_OTHERS = frozenset(
    ["Optional", "Union", "Annotated", "Literal", "Tuple", "tuple", "NewType", "TypeVar", "TypeAliasType"]
)
_MODULES = ("typing", "collections", "collections.abc", "builtins", "dataclasses", "pydantic")
_GENERIC = {
    f"{module}.{name}": name
    for module in _MODULES
    for name in _LISTS | _SETS | _DICTS | _SEEN_THROUGH | _OTHERS
}
KNOWN = frozenset({*_PLAIN, *_S3, *_GENERIC, *OF_CLASSES, "typing.Any", "pydantic.RootModel"})
"""Dotted names that mean something here."""

_LIMITS = {"Ge": "minimum", "Gt": "exclusiveMinimum", "Le": "maximum", "Lt": "exclusiveMaximum"}
_LENGTHS = {"MinLen": "minLength", "MaxLen": "maxLength"}
_OF_LISTS = {"minLength": "minItems", "maxLength": "maxItems"}


@dataclass(slots=True)
class Asked:
    """A schema, and whether None may be given as well."""

    schema: dict[str, Any]
    is_optional: bool = False

    def within(self) -> dict[str, Any]:
        """The schema of a part of something."""
        return self.schema | {"nullable": True} if self.is_optional and self.schema else self.schema


@dataclass(slots=True)
class Annotations:
    """Reads the annotations of one signature. What can't be told is read as ``{}``: anything goes."""

    names: Names
    _nodes: int = 0
    _open: list[Meaning] = field(default_factory=list[Meaning])

    def read(self, annotation: ast.expr | None) -> Asked:
        """What an annotation asks for; what lies deeper than ten levels is left open."""
        try:
            return Asked({}) if annotation is None else self._read(annotation, 0)
        except RecursionError:
            return Asked({})

    def of_default(self, node: ast.expr) -> dict[str, Any]:
        """What a parameter without annotation takes, by a default that is no literal: a member of an enum."""
        if isinstance(node, ast.Attribute) and isinstance(self.names.meaning(node.value), ast.ClassDef):
            return self.read(node.value).schema
        return {}

    def _read(self, node: ast.expr, depth: int) -> Asked:  # noqa: PLR0911 - a form each
        self._nodes += 1
        if self._nodes > _MOST_NODES or depth > MOST_DEPTH:
            return Asked({})
        match node:
            case ast.Constant(value=None):
                return Asked({"type": "null"}, is_optional=True)
            case ast.Constant(value=str(text)):
                return self._read(_expression(text), depth)
            case ast.BinOp(op=ast.BitOr()):
                return self._union(_choices(node), depth)
            case ast.Subscript(value=base, slice=ast.Tuple(elts=parameters)):
                return self._generic(base, parameters, depth)
            case ast.Subscript(value=base, slice=parameter):
                return self._generic(base, [parameter], depth)
            case ast.Name() | ast.Attribute():
                return self._named(node, depth)
            case _:
                return Asked({})

    def _named(self, node: ast.Name | ast.Attribute, depth: int) -> Asked:
        name = node.id if isinstance(node, ast.Name) else node.attr
        match self.names.meaning(node, KNOWN):
            case str() as dotted:
                return Asked(_of_dotted(dotted, name))
            case ast.ClassDef() as cls:
                return self._once(cls, lambda: self._class(cls, depth))
            case ast.expr() as value:
                return self._once(value, lambda: self._alias(name, value, depth))
            case _:
                return Asked({})

    def _once(self, meaning: Meaning, read: Any) -> Asked:
        """What holds itself is an object like any other at its second turn."""
        if meaning in self._open:
            return Asked({"type": "object"} if isinstance(meaning, ast.ClassDef) else {})
        self._open.append(meaning)
        try:
            return read()
        finally:
            self._open.pop()

    def _alias(self, name: str, value: ast.expr, depth: int) -> Asked:
        for prefix in ("DynSelect_", "DynMultiselect_"):
            if name.startswith(prefix):
                asked = self._read(value, depth)
                return Asked(asked.schema | {"format": f"{prefix[:-1].lower()}-{name.removeprefix(prefix)}"})
        if self.names.meaning(value) == "builtins.dict":
            return Asked({"type": "object"} | _resource(name))
        if isinstance(value, ast.Call):
            return self._called(name, value, depth)
        return self._read(value, depth)

    def _called(self, name: str, call: ast.Call, depth: int) -> Asked:
        """``NewType("X", int)`` and other calls that make a type."""
        if (fields := functional_fields(call, self.names)) is not None:
            dotted = self.names.meaning(call.func, KNOWN)
            resource = _resource(name) if dotted == "typing.TypedDict" else {}
            return Asked(self._record(fields, depth) | resource)
        if (members := functional_members(call, self.names)) is not None:
            return Asked(one_of(members))
        made = _GENERIC.get(str(self.names.meaning(call.func, KNOWN)))
        if made in ("NewType", "TypeAliasType") and len(call.args) == 2:
            return self._read(call.args[1], depth)
        bounds = [word.value for word in call.keywords if word.arg == "bound"]
        return self._read(bounds[0], depth) if made == "TypeVar" and bounds else Asked({})

    def _class(self, cls: ast.ClassDef, depth: int) -> Asked:
        if cls.name == "S3Object":
            return Asked(_of_dotted("wmill.S3Object", cls.name))
        kind = kind_of(cls, self.names)
        if kind is Kind.ENUM:
            return Asked(one_of(members_of(cls, self.names)))
        if kind is Kind.DICT:
            return Asked({"type": "object"} | _resource(cls.name))
        if kind in RECORDS:
            resource = _resource(cls.name) if kind is Kind.TYPED_DICT else {}
            return Asked(self._record(fields_of(cls, self.names), depth) | resource)
        for base in cls.bases:
            if isinstance(base, ast.Subscript) and self._dotted(base.value) == "pydantic.RootModel":
                return self._read(base.slice, depth)
        return Asked({})

    def _record(self, fields: list[FieldOf], depth: int) -> dict[str, Any]:
        if depth >= MOST_DEPTH:
            return {"type": "object"}
        known = fields[:MOST_FIELDS]
        properties = {each.name: self._field(each, depth) for each in known}
        required = [each.name for each in known if each.is_required]
        return {"type": "object", "properties": properties, "required": required}

    def _field(self, each: FieldOf, depth: int) -> dict[str, Any]:
        schema = _refined(self._read(each.annotation, depth + 1).within(), each.refined)
        return schema if each.default is UNKNOWN else schema | {"default": each.default}

    def _generic(  # noqa: C901, PLR0911 - a form each
        self, base: ast.expr, parameters: list[ast.expr], depth: int
    ) -> Asked:
        dotted = self._dotted(base)
        match _GENERIC.get(dotted):
            case "Optional":
                return Asked(self._read(parameters[0], depth).schema, is_optional=True)
            case "Union":
                return self._union(parameters, depth)
            case "Annotated":
                return self._annotated(parameters, depth)
            case "Literal":
                return self._literal(parameters)
            case "tuple" | "Tuple":
                return Asked(self._tuple(parameters, depth))
            case str() as name if name in _LISTS | _SETS:
                items = self._read(parameters[0], depth + 1).within()
                unique = {"uniqueItems": True} if name in _SETS else {}
                return Asked({"type": "array", "items": items} | unique)
            case str() as name if name in _DICTS:
                values = {"type": "integer"} if name == "Counter" else {}
                if len(parameters) == 2:
                    values = self._read(parameters[1], depth + 1).within()
                return Asked({"type": "object"} | ({"additionalProperties": values} if values else {}))
            case str() as name if name in _SEEN_THROUGH:
                return self._read(parameters[0], depth)
            case _:
                if isinstance(base, ast.Name | ast.Attribute) and not dotted:
                    return self._named(base, depth)
                return Asked({})

    def _union(self, nodes: list[ast.expr], depth: int) -> Asked:
        asked = [self._read(node, depth) for node in nodes]
        is_optional = any(one.is_optional for one in asked)
        found: list[dict[str, Any]] = []
        for one in asked:
            if one.schema != {"type": "null"} and one.schema not in found:
                found.append(one.schema)
        if {} in found:
            return Asked({}, is_optional)
        if {"type": "number"} in found and {"type": "integer"} in found:
            found.remove({"type": "integer"})
        if len(found) < 2:
            return Asked(found[0] if found else {"type": "null"}, is_optional)
        return Asked(_tagged(found) or {"anyOf": found}, is_optional)

    def _annotated(self, parameters: list[ast.expr], depth: int) -> Asked:
        asked = self._read(parameters[0], depth)
        said: dict[str, Any] = {}
        for note in parameters[1:]:
            text = self.names.literal(note)
            if isinstance(text, str):
                said.setdefault("description", text)
            if isinstance(note, ast.Call):
                said |= self._note(note)
        return Asked(_refined(asked.schema, said), asked.is_optional)

    def _note(self, call: ast.Call) -> dict[str, Any]:
        """What ``Field(ge=1)``, ``Ge(1)``, ``MinLen(1)`` or ``Doc("…")`` says."""
        name = str(self.names.meaning(call.func, KNOWN)).rpartition(".")[2]
        value = self.names.literal(call.args[0]) if len(call.args) == 1 else UNKNOWN
        word = "description" if name in ("Doc", "doc") else _LIMITS.get(name) or _LENGTHS.get(name)
        if word and value is not UNKNOWN:
            return {word: value}
        return refined_by(call, self.names) if name in ("Field", "FieldInfo") else {}

    def _literal(self, parameters: list[ast.expr]) -> Asked:
        values: list[Any] = []
        for node in parameters:
            inner = self.names.meaning(node) if isinstance(node, ast.Name | ast.Attribute) else None
            value = self.names.literal(node)
            if isinstance(node, ast.Subscript):
                values += self._read(node, 0).schema.get("enum", [])
            elif isinstance(inner, ast.expr):
                values += self._read(inner, 0).schema.get("enum", [])
            elif value is UNKNOWN:
                return Asked({})
            else:
                values.append(value)
        present = [value for value in values if value is not None]
        return Asked(one_of(present), is_optional=len(present) < len(values))

    def _tuple(self, parameters: list[ast.expr], depth: int) -> dict[str, Any]:
        if len(parameters) == 2 and isinstance(parameters[1], ast.Constant) and parameters[1].value is ...:
            return {"type": "array", "items": self._read(parameters[0], depth + 1).within()}
        items = [self._read(node, depth + 1).within() for node in parameters]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}

    def _dotted(self, node: ast.expr) -> str:
        found = self.names.meaning(node, KNOWN)
        return found if isinstance(found, str) else ""


def one_of(values: list[Any]) -> dict[str, Any]:
    """A choice among JSON values, with the type that all of them have."""
    types = {_type_of(value) for value in values}
    if types == {"integer", "number"}:
        types = {"number"}
    return ({"type": types.pop()} if len(types) == 1 else {}) | {"enum": values}


def of_value(value: Any) -> dict[str, Any]:
    """What a parameter without annotation takes, by its default."""
    match value:
        case None:
            return {}
        case list():
            items = [of_value(item) for item in value]
            inner = items[0] if items else {"type": "string"}
            return {"type": "array", "items": inner if all(item == inner for item in items) else {}}
        case dict():
            return {"type": "object"}
        case _:
            return {"type": _type_of(value)}


def _type_of(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case _:
            return "string"


def _of_dotted(dotted: str, name: str) -> dict[str, Any]:  # noqa: PLR0911 - a kind each
    if dotted in _PLAIN:
        return copy.deepcopy(_PLAIN[dotted])
    if dotted in _S3:
        return {"type": "object", "format": "resource-s3_object"}
    match _GENERIC.get(dotted):
        case str() as generic if generic in _LISTS:
            return copy.deepcopy(_PLAIN["builtins.list"])
        case str() as generic if generic in _SETS:
            return copy.deepcopy(_PLAIN["builtins.set"])
        case str() as generic if generic in _DICTS:
            return {"type": "object"}
        case "Tuple":
            return {"type": "array"}
        case _:
            pass
    if dotted.startswith((".", "f.", "u.")) and (resource := _resource(name)):
        return {"type": "object"} | resource
    return {}


def _resource(name: str) -> dict[str, Any]:
    """A class or alias in lower case is called after a resource type."""
    if name == "S3Object":
        return {"format": "resource-s3_object"}
    return {"format": f"resource-{name}"} if name == name.lower() else {}


def _refined(schema: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    if schema.get("type") == "array":
        said = {_OF_LISTS.get(word, word): value for word, value in said.items()}
    return schema | said


def _tagged(found: list[dict[str, Any]]) -> dict[str, Any] | None:
    """``oneOf``, with titles, where each choice is a record told apart by a field of one value; else None."""
    first = found[0].get("properties", {})
    for name in first:
        tags = [each.get("properties", {}).get(name, {}).get("enum", []) for each in found]
        if all(len(tag) == 1 for tag in tags) and len({str(tag[0]) for tag in tags}) == len(tags):
            titled = [each | {"title": str(tag[0])} for each, tag in zip(found, tags, strict=True)]
            return {"type": "object", "oneOf": titled}
    return None


def _choices(node: ast.expr) -> list[ast.expr]:
    """``A | B | C`` as a list; a loop, as such a chain may be as long as a source."""
    found: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        found.append(node.right)
        node = node.left
    return [node, *reversed(found)]


def _expression(text: str) -> ast.expr:
    try:
        with parsing():
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Constant(...)
