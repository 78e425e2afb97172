"""The JSON schema of a script's arguments (draft 2020-12), and what somebody refined in it by hand.

docs/arguments.md tells what becomes of each annotation.
"""

from __future__ import annotations

from typing import Any

from headrace.runtimes.python_source.signature import Parameter, Signature, read_signature
from headrace.runtimes.python_source.syntax import UnreadableSource, parse_python

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_STRUCTURE = frozenset({
    "type", "properties", "required", "items", "prefixItems", "additionalProperties", "contentEncoding",
    "oneOf", "anyOf", "allOf", "default", "uniqueItems", "nullable", "originalType", "order",
})  # fmt: skip
"""What the source alone decides; every other word in a schema may be a refinement."""


def schema_of(signature: Signature) -> dict[str, Any]:
    """The schema of what a function takes: a property for each parameter, in their order.

    Required is what has no default and does not take None. A default that has no JSON form is left out.
    """
    names = [parameter.name for parameter in signature.parameters]
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": {parameter.name: _property(parameter) for parameter in signature.parameters},
        "required": [
            each.name for each in signature.parameters if not each.has_default and not each.is_optional
        ],
        "order": names,
    }


def infer_schema(content: str, function: str = "main") -> dict[str, Any]:
    """The schema of a function of a source; of source that can't be read, an empty one."""
    try:
        return schema_of(read_signature(parse_python(content), function))
    except UnreadableSource:
        return schema_of(Signature())


def with_refinements(
    inferred: dict[str, Any], earlier: dict[str, Any], earlier_inferred: dict[str, Any] | None = None
) -> dict[str, Any]:
    """An inferred schema with what was refined in an earlier one: descriptions, enums, limits, order.

    ``earlier_inferred`` is what had been inferred for the earlier source; what of it stands in ``earlier``
    is no refinement. Refinements live on for parameters whose type is what it was; they never change one.
    """
    before = earlier_inferred or {}
    refined = _refined_object(inferred, earlier, before)
    order = earlier.get("order")
    if isinstance(order, list) and order != before.get("order"):
        refined["order"] = _in_order(list(inferred.get("properties", {})), order)
    return refined


def _property(parameter: Parameter) -> dict[str, Any]:
    schema = dict(parameter.schema)
    if parameter.description:
        schema["description"] = parameter.description
    if parameter.is_default_known or (parameter.is_optional and not parameter.has_default):
        schema["default"] = parameter.default
    return schema


def _refined_object(
    inferred: dict[str, Any], earlier: dict[str, Any], before: dict[str, Any]
) -> dict[str, Any]:
    """Refinements of an object and, name by name, of its properties."""
    refined = inferred | _own_refinements(inferred, earlier, before)
    properties, then = inferred.get("properties"), _dict(earlier.get("properties"))
    if not then:
        return refined
    if not isinstance(properties, dict):
        if "additionalProperties" in inferred:
            return refined
        return refined | {
            word: earlier[word] for word in ("properties", "required", "order") if word in earlier
        }
    known = _dict(before.get("properties"))
    refined["properties"] = {
        name: _refined_value(schema, _dict(then.get(name)), _dict(known.get(name)))
        for name, schema in properties.items()
    }
    return refined


def _refined_value(
    inferred: dict[str, Any], earlier: dict[str, Any], before: dict[str, Any]
) -> dict[str, Any]:
    if not earlier or not _is_same_type(inferred, earlier):
        return inferred
    if inferred.get("type") == "object":
        return _refined_object(inferred, earlier, before)
    refined = inferred | _own_refinements(inferred, earlier, before)
    if isinstance(inferred.get("items"), dict):
        items = _refined_value(inferred["items"], _dict(earlier.get("items")), _dict(before.get("items")))
        refined["items"] = items
    return refined


def _own_refinements(
    inferred: dict[str, Any], earlier: dict[str, Any], before: dict[str, Any]
) -> dict[str, Any]:
    found = {
        word: value
        for word, value in earlier.items()
        if word not in _STRUCTURE and value not in (None, "") and before.get(word) != value
    }
    found.pop("$schema", None)
    if "format" in inferred:
        found.pop("format", None)
    if isinstance(found.get("enum"), list) and "enum" in inferred:
        kept = [value for value in found["enum"] if value in inferred["enum"]]
        found["enum"] = kept or inferred["enum"]
    return found


def _is_same_type(inferred: dict[str, Any], earlier: dict[str, Any]) -> bool:
    """Whether two schemas are of one base type; official clients write an open one as ``""``."""
    return (inferred.get("type") or "", inferred.get("contentEncoding")) == (
        earlier.get("type") or "",
        earlier.get("contentEncoding"),
    ) and ("format" not in inferred or earlier.get("format") == inferred["format"])


def _in_order(names: list[str], order: list[Any]) -> list[str]:
    """Names in an earlier order; new ones come after the one that they follow in the source."""
    placed = [name for name in dict.fromkeys(map(str, order)) if name in names]
    for position, name in enumerate(names):
        if name not in placed:
            before = placed.index(names[position - 1]) + 1 if position else 0
            placed.insert(before, name)
    return placed


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
