"""What counts as a requirement, and what is said of a line that does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.runtimes.python_dependencies.requirement_line import (
    is_requirement,
    normalized,
    requirement_at_start,
    what_is_wrong,
)


@pytest.mark.parametrize(
    "line",
    [
        "six",
        "six==1.17.0",
        "six (>=1,<2)",
        "six>=1 , !=1.5,<2 ; python_version < '3.13'",
        "uvicorn[standard, http2]~=0.30",
        "discord.py",
        "SIX",
        "x @ https://example.com/x-1-py3-none-any.whl#sha256=00",
        "dependency3@git+https://example.com/x.git",
        "x[y] @ git+https://example.com/x.git@main ; sys_platform == 'linux'",
    ],
)
def test_a_package_is_a_requirement(line: str):
    assert is_requirement(line)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("", "write a package as name"),
        ("-e .", "options are not taken"),
        ("-r other.txt", "options are not taken"),
        ("--index-url=https://example.com", "UV_DEFAULT_INDEX"),
        ("./local", "files of the worker"),
        ("/etc/passwd", "files of the worker"),
        ("file:///etc/passwd", "files of the worker"),
        ("x @ file:///etc/passwd", "files of the worker"),
        ("x @ /etc/passwd", "files of the worker"),
        ("x @ git+file:///srv/x", "files of the worker"),
        ("https://example.com/x-1-py3-none-any.whl", "the package's name before its address"),
        ("git+https://example.com/x.git", "the package's name before its address"),
        ("x @ git+ssh://git@example.com/x.git", "an address begins with"),
        ("x @ https://example.com/${UV_DEFAULT_INDEX}", "variables are not filled in"),
        ("six --hash=sha256:00", "hashes stand in the lock only"),
        ("six ; python_version", "a marker such as"),
        (f"six ; {'(' * 900}", "a marker such as"),
        ("café", "only letters from a to z"),
        ("six==1\uff0e0", "only letters from a to z"),
        ("six==", "write a package as name"),
        ("six idna", "write a package as name"),
        ("six\n-r other", "only letters"),
        ("six==1\n", "only letters"),
        ("a" * 1001, "more than 1000 characters"),
        ("six" + " " * 900 + "idna", "write a package as name"),
    ],
)
def test_anything_else_is_none_and_it_is_said_why(line: str, fault: str):
    assert not is_requirement(line)
    assert fault in what_is_wrong(line)


@given(st.text())
def test_every_text_is_judged(text: str):
    assert is_requirement(text) or what_is_wrong(text)


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("six==1.17.0 because of the others", "six==1.17.0"),
        ("six >= 1, < 2", "six >= 1, < 2"),
        ("six ; python_version < '3.13' on old ones", "six ; python_version < '3.13'"),
        ("== 3", None),
        ("", None),
    ],
)
def test_a_requirement_may_be_followed_by_its_reason(text: str, requirement: str | None):
    assert requirement_at_start(text) == requirement


def test_the_name_of_a_package_is_compared_as_an_index_writes_it():
    assert normalized("Ruamel_yaml.Clib[x]>=1") == "ruamel-yaml-clib"
