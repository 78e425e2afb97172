"""What a schema accepts converts, whatever the signature; any other JSON converts or is refused by name."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.runner.arguments import ArgumentError, call_with, convert_arguments
from headrace.runtimes.python_source.schema import infer_schema
from tests.ground.forms import FORMS, PREAMBLE

QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FLAT = [
    "str",
    "int",
    "float",
    "bool",
    "bytes",
    "datetime",
    "date",
    "time",
    "timedelta",
    "Decimal",
    "UUID",
    "Path",
    "Colour",
    "Level",
    "Counted",
    "Odd",
    "Size",
    "UserId",
    "T",
    "Literal['a',1,True,None]",
    "Literal[Level.LOW]",
]
DEEP = [
    "dict",
    "list",
    "Any",
    "object",
    "Point",
    "Named",
    "Movie",
    "Rated",
    "Options",
    "Pair",
    "Cat",
    "postgresql",
    "slack",
    "S3Object",
    "Days",
]

flat = st.sampled_from(FLAT)


def containing(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Annotations that hold others."""
    one = st.sampled_from(
        [
            "list[{}]",
            "List[{}]",
            "Optional[{}]",
            "{} | None",
            "tuple[{}, ...]",
            "Annotated[{}, 'x']",
            "Sequence[{}]",
        ]
    )
    two = st.sampled_from(["Union[{}, {}]", "tuple[{}, {}]", "Optional[Union[{}, {}]]"])
    return st.one_of(
        st.builds(str.format, one, inner),
        st.builds(str.format, two, inner, inner),
        st.builds("dict[str, {}]".format, inner),
        st.builds("set[{}]".format, flat),
    )


annotations = st.recursive(flat | st.sampled_from(DEEP), containing, max_leaves=4)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FORMATS: dict[str, st.SearchStrategy[str]] = {
    "date-time": st.datetimes().map(lambda moment: moment.isoformat()),
    "date": st.dates().map(str),
    "time": st.times().map(str),
    "duration": st.integers(0, 10**6).map("PT{}S".format),
    "uuid": st.uuids().map(str),
}


def accepted_by(schema: dict[str, Any]) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0911, PLR0912 - a kind each
    """JSON values that a schema accepts."""
    if schema.get("nullable"):
        return st.none() | accepted_by({word: value for word, value in schema.items() if word != "nullable"})
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return st.one_of([accepted_by(choice) for choice in schema[word]])
    match schema.get("type"):
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers()
        case "number":
            return st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)
        case "string" if schema.get("contentEncoding") == "base64":
            return st.sampled_from(["", "YWI=", "AAEC"])
        case "string":
            return FORMATS.get(schema.get("format", ""), st.text())
        case "array" if "prefixItems" in schema:
            return st.tuples(*map(accepted_by, schema["prefixItems"])).map(list)
        case "array":
            return st.lists(accepted_by(schema.get("items", {})), max_size=3)
        case "object":
            return accepted_objects(schema)
        case _:
            return json_values


def accepted_objects(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that a schema accepts."""
    properties: dict[str, Any] = schema.get("properties", {})
    if not properties:
        return st.dictionaries(st.text(), accepted_by(schema.get("additionalProperties", {})), max_size=3)
    required = {name: accepted_by(properties[name]) for name in schema["required"]}
    others = {name: accepted_by(each) for name, each in properties.items() if name not in required}
    return st.fixed_dictionaries(required, optional=others)


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """A module that has what annotations name."""
    module = ModuleType("script_of_properties")
    sys.modules[module.__name__] = module
    exec(compile(PREAMBLE, "script.py", "exec", dont_inherit=True), module.__dict__)
    yield module
    del sys.modules[module.__name__]


def call(module: ModuleType, parameter: str, arguments: dict[str, Any]) -> Any:
    """What ``main`` with a parameter ``x`` gets for arguments."""
    exec(compile(f"def main({parameter}): return x", "script.py", "exec", dont_inherit=True), module.__dict__)
    return call_with(module.main, convert_arguments(module.main, arguments))


@QUICK
@given(data=st.data(), annotation=annotations)
def test_what_the_inferred_schema_accepts_converts(script: ModuleType, data: st.DataObject, annotation: str):
    schema = infer_schema(f"{PREAMBLE}\ndef main(x: {annotation}): ...\n")
    value = json.loads(json.dumps(data.draw(accepted_by(schema["properties"]["x"]))))
    call(script, f"x: {annotation}", {"x": value})
    if "x" not in schema["required"]:
        assert call(script, f"x: {annotation}", {}) is None


@QUICK
@given(
    parameter=annotations.map("x: {}".format) | st.sampled_from([form.parameter for form in FORMS]),
    value=json_values,
)
def test_any_json_converts_or_is_refused_by_name(script: ModuleType, parameter: str, value: Any):
    sentence = "x: "
    try:
        call(script, parameter, {"x": value})
    except ArgumentError as error:
        sentence = str(error)
    assert sentence.startswith(("x: ", "x.", "x["))
