"""Which schema is inferred for each form of a parameter, and what lives on of a refined one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headrace.runtimes.python_source.schema import DIALECT, infer_schema, with_refinements
from tests.ground.forms import FORMS, PREAMBLE, Form


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.parameter)
@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"], ids=["now", "later"])
def test_a_parameter_has_the_schema_of_its_form(form: Form, future: str):
    schema = infer_schema(f"{future}{PREAMBLE}\ndef main({form.parameter}): ...\n")
    assert schema["properties"] == {"x": form.schema}
    is_required = "=" not in form.parameter and "default" not in form.schema
    assert schema["required"] == (["x"] if is_required else [])


def test_the_schema_of_a_function_has_its_parameters_in_order():
    content = '''
def main(b, a: int = 1, *args, c: str, **kwargs):
    """Do it.

    Args:
        b: What is
            to be done.
        a (int, optional): How often: at most.
        *args: The rest.

    Returns:
        c: Nothing.
    """
'''
    assert infer_schema(content) == {
        "$schema": DIALECT,
        "type": "object",
        "properties": {
            "b": {"description": "What is to be done."},
            "a": {"type": "integer", "description": "How often: at most.", "default": 1},
            "c": {"type": "string"},
        },
        "required": ["b", "c"],
        "order": ["b", "a", "c"],
    }


@pytest.mark.parametrize("content", ["x = 1", "def main(", "from x import main", "main = partial(print)"])
def test_what_can_not_be_told_is_left_open(content: str):
    schema = infer_schema(content)
    assert (schema["properties"], schema["required"], schema["order"]) == ({}, [], [])


def test_models_tell_their_limits_and_descriptions():
    content = '''
from typing import Annotated
from pydantic import BaseModel, Field, EmailStr

class User(BaseModel):
    """Somebody.

    :param mail: Where to write.
    """
    model_config = {}
    name: str = Field(..., min_length=1, title="Name")
    age: int = Field(default=3, ge=0, lt=150, description="Years")
    mail: EmailStr | None = Field(None, alias="e-mail")
    tags: list[str] = Field(default_factory=list, max_length=3)
    _secret: int = 1

def main(user: User, most: Annotated[int, Field(gt=0, description="At most")] = 5): ...
'''
    assert infer_schema(content)["properties"] == {
        "user": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "minLength": 1, "title": "Name"},
                "age": {
                    "type": "integer",
                    "minimum": 0,
                    "exclusiveMaximum": 150,
                    "description": "Years",
                    "default": 3,
                },
                "e-mail": {"type": "string", "format": "email", "nullable": True, "default": None},
                "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3, "default": []},
            },
            "required": ["name"],
        },
        "most": {"type": "integer", "exclusiveMinimum": 0, "description": "At most", "default": 5},
    }


def test_classes_that_hold_each_other_many_times_stay_small():
    classes = "".join(
        f"@dataclass\nclass C{n}:\n" + "".join(f"    f{m}: 'C{n + 1}'\n" for m in range(9)) for n in range(30)
    )
    wide = "@dataclass\nclass Wide:\n" + "".join(f"    f{n}: int\n" for n in range(500))
    content = f"from dataclasses import dataclass\n{classes}{wide}def main(x: C0, y: C0, z: Wide): ..."
    schema = infer_schema(content.replace("z: Wide", "z: int"))
    assert len(json.dumps(schema)) < 1_000_000
    assert len(infer_schema(content.replace("x: C0, y: C0", "x"))["properties"]["z"]["properties"]) == 200


def test_what_was_refined_lives_on_where_the_type_is_the_same():
    inferred = infer_schema("def main(a: str, b: int, c: dict, d: list[str], e: str): ...")
    earlier: dict[str, Any] = {
        "properties": {
            "a": {
                "type": "string",
                "description": "By hand",
                "format": "email",
                "pattern": ".+@.+",
                "default": "z",
            },
            "b": {"type": "string", "description": "It was text"},
            "c": {"type": "object", "properties": {"k": {"type": "integer"}}, "required": ["k"]},
            "d": {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}},
            "gone": {"type": "string", "description": "Of no use"},
        },
        "required": [],
        "order": ["d", "gone", "c", "b", "a"],
    }
    refined = with_refinements(inferred, earlier)
    assert refined["properties"] == {
        "a": {"type": "string", "description": "By hand", "format": "email", "pattern": ".+@.+"},
        "b": {"type": "integer"},
        "c": earlier["properties"]["c"],
        "d": earlier["properties"]["d"],
        "e": {"type": "string"},
    }
    assert refined["required"] == inferred["required"]
    assert refined["order"] == ["d", "e", "c", "b", "a"]


def test_what_the_source_said_before_is_no_refinement():
    before = "def main(a: Literal['x', 'y'], b: int):\n    '''Args:\n        b: Old.\n    '''\n"
    after = "def main(b: int, a: Literal['x', 'y', 'z']):\n    '''Args:\n        b: New.\n    '''\n"
    first, second = (infer_schema(f"from typing import Literal\n{source}") for source in (before, after))
    assert with_refinements(second, first, first) == second
    first["properties"]["a"] |= {"enum": ["y", "gone"], "title": "A"}
    earlier = infer_schema(f"from typing import Literal\n{before}")
    refined = with_refinements(second, first, earlier)
    assert refined["properties"]["a"] == {"type": "string", "enum": ["y"], "title": "A"}


def test_refinements_reach_into_records_and_official_clients_shapes():
    inferred = infer_schema(
        "from typing import TypedDict\nclass Movie(TypedDict):\n    a: int\ndef main(m: Movie, x): ..."
    )
    earlier = {
        "properties": {
            "m": {
                "type": "object",
                "description": "",
                "properties": {"a": {"type": "integer", "maximum": 5}},
            },
            "x": {"type": "", "description": "Anything", "default": None},
        }
    }
    refined = with_refinements(inferred, earlier)
    assert refined["properties"]["m"]["properties"]["a"] == {"type": "integer", "maximum": 5}
    assert refined["properties"]["x"] == {"description": "Anything"}
