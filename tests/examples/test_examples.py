"""The example workspace is what it says: its data, its schemas, its demo and what its scripts compute."""

from __future__ import annotations

import ast
import base64
import hashlib
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(path.with_suffix("").relative_to(EXAMPLES).as_posix() for path in EXAMPLES.glob("f/**/*.py"))

Load = Callable[[str], ModuleType]


def read_yaml(name: str) -> Any:
    return yaml.safe_load((EXAMPLES / name).read_text("utf-8"))


def parameters(script: str) -> dict[str, ast.expr | None]:
    """The parameters of a script's main, each with its default; none for a library."""
    for node in ast.parse((EXAMPLES / f"{script}.py").read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == "main":
            names = [argument.arg for argument in node.args.args]
            required = len(names) - len(node.args.defaults)
            return dict(zip(names, [None] * required + list(node.args.defaults), strict=True))
    return {}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Imports an example by its path, over a client that keeps resources and state in memory."""
    state: list[Any] = [None]
    client = SimpleNamespace(
        get_resource=lambda path: read_yaml(f"{path}.resource.yaml")["value"],
        get_state=lambda: state[-1],
        set_state=lambda value: state.append(json.loads(json.dumps(value))),
    )
    monkeypatch.setitem(sys.modules, "wmill", client)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield lambda script: importlib.import_module(script.replace("/", "."))
    for name in [name for name in sys.modules if name == "f" or name.startswith("f.")]:
        del sys.modules[name]


def test_the_data_is_the_file_that_the_readme_names() -> None:
    data = read_yaml("f/reports/weather_observations.resource.yaml")["value"]["csv"].encode()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    assert blob in (EXAMPLES / "README.md").read_text("utf-8")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_schema_has_the_parameters_of_its_main(script: str) -> None:
    schema = read_yaml(f"{script}.script.yaml")["schema"]
    defaults = parameters(script)
    assert schema["order"] == list(defaults)
    assert set(schema["properties"]) == set(defaults)
    assert set(schema["required"]) == {name for name, default in defaults.items() if default is None}
    for name, default in defaults.items():
        assert schema["properties"][name]["description"]
        if default is not None:
            assert schema["properties"][name]["default"] == ast.literal_eval(default)


def test_the_demo_runs_every_script_but_the_library_with_arguments_it_takes() -> None:
    jobs = read_yaml("demo.yaml")
    assert {job["path"] for job in jobs} == {script for script in SCRIPTS if parameters(script)}
    for job in jobs:
        assert set(job["args"]) <= set(parameters(job["path"]))


def test_record_watch_reports_only_what_is_new_since_its_last_run(load: Load) -> None:
    watch = load("f/reports/record_watch").main
    first, second, third = (
        watch(as_of=date.fromisoformat(day)) for day in ("2014-12-31", "2015-03-31", "2015-03-31")
    )
    assert [run["runs"] for run in (first, second, third)] == [1, 2, 3]
    assert [run["new_days"] for run in (first, second, third)] == [1096, 90, 0]
    assert [record["on"] for record in second["records"]] == ["2015-03-15"]
    assert third["records"] == []


def test_record_watch_keeps_each_place_apart_and_never_turns_back(load: Load) -> None:
    watch = load("f/reports/record_watch").main
    watch(as_of=date(2014, 12, 31))
    assert watch(as_of=date(2014, 12, 31), location="New York")["new_days"] == 1096
    assert watch(as_of=date(2012, 1, 1))["seen_until"] == "2014-12-31"


def test_spells_are_ranked_by_length_and_meet_their_condition(load: Load) -> None:
    ranking = load("f/reports/spells").main(location="New York", kind="frost", most=3)
    assert ranking[0] | {"from": "2015-01-26", "to": "2015-02-21", "days": 27} == ranking[0]
    assert [spell["rank"] for spell in ranking] == [1, 2, 3]
    assert all(spell["coldest °C"] < 0 for spell in ranking)


def test_check_batch_finds_every_fault_of_the_demo_file(load: Load) -> None:
    arguments = next(job["args"] for job in read_yaml("demo.yaml") if job["path"] == "f/reports/check_batch")
    batch = base64.b64decode(arguments["batch"], validate=True)
    found = load("f/reports/check_batch").main(batch, datetime.fromisoformat(arguments["received_at"]))[
        "markdown"
    ]
    for fault in (
        "temp_min 5.6 is above",
        "`trace` is not a number",
        "there 2 times",
        "2016-01-03 is missing",
        "late",
    ):
        assert fault in found


def test_check_batch_fails_the_job_on_a_broken_line_when_strict(load: Load) -> None:
    batch = b"location,date,precipitation,temp_max,temp_min,wind\nSeattle,2016-13-01\n"
    with pytest.raises(ValueError, match="5 problems"):
        load("f/reports/check_batch").main(batch, datetime(2016, 1, 1, tzinfo=UTC), strict=True)


def test_the_weather_report_is_markdown_a_table_and_a_small_chart(load: Load) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("matplotlib")
    report = load("f/reports/weather_report").main(since=date(2015, 1, 1), until=date(2015, 12, 31))
    text, table, chart = json.loads(json.dumps(report, allow_nan=False))["render_all"]
    header, *rows = table["table-row-object"]
    png = base64.b64decode(chart["png"])
    assert "**35.0 °C** on 19 July 2015" in text["md"]
    assert len(rows) == 12
    assert all(list(row) == header for row in rows)
    assert png.startswith(b"\x89PNG")
    assert len(png) < 100_000
