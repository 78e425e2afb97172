from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from headrace.model.ids import ScriptHash, parse_script_hash
from headrace.model.script import NewScript, script_hash

SCRIPT = NewScript(
    path="u/a/b",
    content="def main(): ...",
    language="python3",
    summary="s",
    description="d",
    schema={"a": 1, "b": 2},
    settings={"tag": "x", "timeout": 1},
)


def test_a_hash_is_one():
    assert parse_script_hash(script_hash("w", SCRIPT)) == script_hash("w", SCRIPT)


@pytest.mark.parametrize(
    "change",
    [
        {"path": "u/a/c"},
        {"content": "def main(): pass"},
        {"language": "bash"},
        {"summary": "t"},
        {"description": "e"},
        {"kind": "failure"},
        {"parent_hash": ScriptHash("0" * 16)},
        {"schema": None},
        {"schema": {"a": 1, "b": 3}},
        {"settings": {}},
        {"settings": {"tag": "y", "timeout": 1}},
        {"summary": "sd", "description": ""},
    ],
)
def test_all_that_makes_a_version_is_in_its_hash(change: dict[str, Any]):
    assert script_hash("w", dataclasses.replace(SCRIPT, **change)) != script_hash("w", SCRIPT)
    assert script_hash("v", SCRIPT) != script_hash("w", SCRIPT)


@pytest.mark.parametrize(
    "change",
    [
        {"lock": "x==1"},
        {"deployment_message": "m"},
        {"is_library": True},
        {"schema": {"b": 2, "a": 1}},
        {"settings": {"timeout": 1, "tag": "x"}},
    ],
)
def test_the_lock_the_message_and_the_order_of_keys_are_not(change: dict[str, Any]):
    assert script_hash("w", dataclasses.replace(SCRIPT, **change)) == script_hash("w", SCRIPT)


def test_a_version_that_begins_like_another_one_has_a_hash_of_its_own():
    first = script_hash("w", SCRIPT)
    second = script_hash("w", SCRIPT, other_than=first)
    third = script_hash("w", SCRIPT, other_than=second)
    assert len({first, second, third}) == 3
    assert script_hash("w", SCRIPT, other_than=first) == second
