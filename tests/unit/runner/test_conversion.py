"""What ``main`` gets for a JSON value, for each form of a parameter; in this Python and in others."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from headrace.runner.arguments import ArgumentError, call_with, convert_arguments
from headrace.runtimes.runner_files import PACKAGE, place_runner
from tests.ground.forms import FORMS, PREAMBLE, REFUSALS

OTHERS = [f"python3.{minor}" for minor in range(10, 15) if minor != sys.version_info.minor]
IN_ANOTHER = f"""
import json, sys, types
sys.path.insert(0, sys.argv[1])
from {PACKAGE}.arguments import ArgumentError, call_with, convert_arguments
preamble, forms = json.load(sys.stdin)
module = sys.modules["script"] = types.ModuleType("script")
exec(preamble, module.__dict__)
answers = []
for parameter, value in forms:
    exec(f"def main({{parameter}}): return x", module.__dict__)
    try:
        answers.append(repr(call_with(module.main, convert_arguments(module.main, {{"x": value}}))))
    except ArgumentError as error:
        answers.append(str(error))
print(json.dumps(answers))
"""
MODELS = """
from __future__ import annotations
from datetime import date
from typing import Annotated, Optional
import pydantic
from pydantic import BaseModel, Field, PositiveInt, SecretStr

class Home(BaseModel):
    street: str
    since: date | None = None

class User(BaseModel):
    name: str
    age: int = Field(3, ge=0)
    homes: list[Home] = []

class Words(pydantic.RootModel[list[str]]): ...

@pydantic.dataclasses.dataclass
class Spot:
    x: float
"""


@pytest.fixture
def script() -> Any:
    """A module as a job has it; call ``run`` on the text of its parameters, and arguments."""
    module = ModuleType("script_of_a_test")
    sys.modules[module.__name__] = module

    class Script:
        def define(self, source: str) -> None:
            exec(compile(source, "script.py", "exec", dont_inherit=True), module.__dict__)

        def run(self, parameters: str, arguments: dict[str, Any], result: str = "x") -> Any:
            self.define(f"def main({parameters}): return {result}")
            return call_with(module.main, convert_arguments(module.main, arguments))

    yield Script()
    del sys.modules[module.__name__]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.parameter)
def test_a_value_becomes_what_its_parameter_asks_for(script: Any, form: Any):
    script.define(PREAMBLE)
    for value, wanted in form.pairs:
        assert repr(script.run(form.parameter, {"x": value})) == wanted


@pytest.mark.parametrize(("parameter", "value", "sentence"), REFUSALS)
def test_what_it_can_not_be_is_refused_with_its_place(script: Any, parameter: str, value: Any, sentence: str):
    script.define(PREAMBLE)
    with pytest.raises(ArgumentError) as refused:
        script.run(parameter, {"x": value})
    assert str(refused.value) == sentence


@pytest.mark.parametrize("name", OTHERS)
def test_other_pythons_convert_alike(name: str, tmp_path: Path):
    program = shutil.which(name)
    if program is None or subprocess.run([program, "-c", ""], check=False, capture_output=True).returncode:
        pytest.skip(f"there is no {name} on the path that runs")
    pairs = [(form.parameter, value) for form in FORMS for value, _ in form.pairs]
    refused = [(parameter, value) for parameter, value, _ in REFUSALS]
    done = subprocess.run(
        [program, "-I", "-c", IN_ANOTHER, str(place_runner(tmp_path))],
        input=json.dumps([PREAMBLE, [*pairs, *refused]]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    wanted = [wanted for form in FORMS for _, wanted in form.pairs]
    assert json.loads(done.stdout) == [*wanted, *(sentence for *_, sentence in REFUSALS)]


@pytest.mark.parametrize(
    ("parameter", "value", "wanted"),
    [
        (
            "x: Home",
            {"street": "a", "since": "2026-01-02"},
            "Home(street='a', since=datetime.date(2026, 1, 2))",
        ),
        ("x: list[User]", [{"name": "a"}], "[User(name='a', age=3, homes=[])]"),
        ("x: Optional[User]", None, "None"),
        ("x: Words", ["a"], "Words(root=['a'])"),
        ("x: Spot", {"x": 1}, "Spot(x=1.0)"),
        ("x: SecretStr", "a", "SecretStr('**********')"),
        ("x: PositiveInt", "3", "3"),
        ("x: Annotated[int, Field(ge=1)]", 3.0, "3"),
        ("x: str | Home", {"street": "a"}, "Home(street='a', since=None)"),
    ],
)
def test_models_are_made_by_their_own_rules(script: Any, parameter: str, value: Any, wanted: str):
    script.define(MODELS)
    assert repr(script.run(parameter, {"x": value})) == wanted


@pytest.mark.parametrize(
    ("parameter", "value", "sentence"),
    [
        ("x: User", {"name": "a", "homes": [{}]}, "x.homes[0].street: Field required"),
        ("x: list[User]", [{"age": -1}], "x[0].name: Field required; x[0].age: Input should be greater"),
        ("x: Annotated[int, Field(ge=1)]", 0, "x: Input should be greater than or equal to 1"),
        ("x: User", "a", "x: Input should be a valid dictionary"),
    ],
)
def test_what_a_model_refuses_has_its_place(script: Any, parameter: str, value: Any, sentence: str):
    script.define(MODELS)
    with pytest.raises(ArgumentError) as refused:
        script.run(parameter, {"x": value})
    assert str(refused.value).startswith(sentence)


def test_what_a_class_raises_is_told_with_the_place_and_its_own_stack(script: Any):
    script.define(
        "from dataclasses import dataclass\n@dataclass\nclass Even:\n    n: int\n"
        "    def __post_init__(self):\n        if self.n % 2: raise RuntimeError('odd')\n"
    )
    with pytest.raises(ArgumentError, match=r"^x\[1\]: odd$") as refused:
        script.run("x: list[Even]", {"x": [{"n": 2}, {"n": 3}]})
    assert isinstance(refused.value.__cause__, RuntimeError)


def test_a_class_of_the_client_is_made(script: Any):
    script.define("from wmill import S3Object\n")
    given = script.run("x: S3Object", {"x": {"s3": "a/b"}}, "x, x.s3")
    assert given == ({"s3": "a/b"}, "a/b")
    assert type(given[0]).__name__ == "S3Object"


def test_a_value_nested_too_deeply_is_refused_by_name(script: Any):
    script.define(PREAMBLE)
    value: Any = {"value": 1}
    for _ in range(2000):
        value = {"value": 1, "children": [value]}
    with pytest.raises(ArgumentError, match=r"^x: nested too deeply"):
        script.run("x: Tree", {"x": value})


def test_a_name_for_type_checkers_leaves_the_other_parameters_alone(script: Any):
    script.define("from __future__ import annotations\nfrom datetime import date")
    script.define(
        "from __future__ import annotations\n"
        "def main(a: Missing, b: date, c: list[Gone]): return a, b.year, c"
    )
    module = sys.modules["script_of_a_test"]
    arguments = convert_arguments(module.main, {"a": 1, "b": "2026-01-02", "c": ["d"]})
    assert module.main(**arguments) == (1, 2026, ["d"])
