"""Which Python a tree of scripts runs on."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet

from headrace.runtimes.base import LockFailed
from headrace.runtimes.python_dependencies.python_version import merge_versions, read_versions


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        (">=3.12", ">=3.12"),
        (" >= 3.11 , < 3.13 ", "<3.13,>=3.11"),
        ("3.12", "==3.12.*"),
        ("==3.12", "==3.12.*"),
        ("3", "==3.*"),
        ("==3.12.4", "==3.12.4"),
        (">=3.10, ==3.12", "==3.12.*,>=3.10"),
    ],
)
def test_versions_are_read(text: str, versions: str):
    assert read_versions(text) == SpecifierSet(versions)


@pytest.mark.parametrize("text", ["", "new", ">=", "3.12.x", "≥3.12", ">=3," * 100])
def test_what_names_no_version_is_told(text: str):
    with pytest.raises(LockFailed, match="names no versions of Python"):
        read_versions(text)


def merged(**asked: str) -> str | None:
    return merge_versions({name: read_versions(text) for name, text in asked.items()})


def test_what_the_scripts_ask_for_is_merged():
    assert merged() is None
    assert merged(a=">=3.11", b="<3.14", c=">=3.11") == "<3.14,>=3.11"
    assert merged(a="3.12", b=">=3.12.3") == "==3.12.*,>=3.12.3"
    assert merged(a=">=2.7") == ">=2.7"


@pytest.mark.parametrize(
    ("one", "other"), [("3.11", "3.12"), ("<3.12", ">=3.12"), ("<=3.11.4", "~=3.11.6"), ("3.12", "!=3.12.*")]
)
def test_two_scripts_that_contradict_one_another_are_named(one: str, other: str):
    with pytest.raises(LockFailed, match=r"f_a asks for Python .* and f_b for Python .* run on one version"):
        merged(f_b=other, f_a=one, f_c=">=3.10")


@pytest.mark.parametrize("asked", [{"a": "2.7"}, {"a": ">=3.11", "b": ">=4"}])
def test_what_no_python_meets_is_told(asked: dict[str, str]):
    with pytest.raises(LockFailed, match=r"no version of Python 3 is .* asks for"):
        merged(**asked)
