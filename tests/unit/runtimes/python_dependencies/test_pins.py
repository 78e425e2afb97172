"""``import x # pin: …``."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.runtimes.base import LockFailed
from headrace.runtimes.python_dependencies.pins import Pin, find_pins


@pytest.mark.parametrize(
    ("line", "pin"),
    [
        ("import x # pin: dist==1.0", Pin("x", "dist==1.0", overrides=False)),
        ("import x  #pin:dist==1.0 for the others", Pin("x", "dist==1.0", overrides=False)),
        ("import x # why not # pin: dist", Pin("x", "dist", overrides=False)),
        ("import x.y as z # repin: dist>=1, <2", Pin("x.y", "dist>=1, <2", overrides=True)),
        ("from x.y import a, b # pin: dist", Pin("x.y", "dist", overrides=False)),
        ("from x import (  # pin: dist\n    a,\n    b,\n)", Pin("x", "dist", overrides=False)),
        ("from x import (\n    a,\n)  # pin: dist", Pin("x", "dist", overrides=False)),
        ("from google.cloud import y # pin: dist", Pin("google.cloud.y", "dist", overrides=False)),
        ("y = 1; import x # pin: dist", Pin("x", "dist", overrides=False)),
        ("\ufeff'''\x0c\n'''\r\nimport x # pin: dist\r\n", Pin("x", "dist", overrides=False)),
        ("type A[T] = list[T]\nimport x # pin: dist", Pin("x", "dist", overrides=False)),
        (
            "import x # pin: d @ git+https://example.com/d",
            Pin("x", "d @ git+https://example.com/d", overrides=False),
        ),
    ],
)
def test_a_pin_says_what_an_import_comes_with(line: str, pin: Pin):
    assert find_pins(line) == [pin]


@pytest.mark.parametrize(
    "content",
    [
        "# pin: dist\nimport x",
        "def main():\n    import x # pin: dist",
        "if True:\n    import x # pin: dist\n",
        "'''\nimport x # pin: dist\n'''",
        "from . import x # pin: dist",
        "from f.a.b import x # pin: dist",
        "y = 1 # pin: dist",
        "import # pin: dist",
    ],
)
def test_elsewhere_it_is_a_plain_comment(content: str):
    assert find_pins(content) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("import x # pin:", "'# pin:' beside 'import x' names no package: write a package as"),
        ("import x # pin: ==3", "names no package"),
        ("import x # repin: -r secrets.txt", "options are not taken from scripts"),
        ("import x, y # pin: dist", "more than one import"),
        ("from google.cloud import a, b # pin: dist", "more than one import"),
        ("import x; import y # pin: dist", "more than one import"),
    ],
)
def test_a_pin_that_can_not_be_read_says_why(line: str, reason: str):
    with pytest.raises(LockFailed, match=reason):
        find_pins(line)


@given(st.text(alphabet=st.sampled_from("import fromxy.,;:()#pinre \n\t'\"\\\x00\x0cé=1")))
def test_any_text_is_read(content: str):
    with suppress(LockFailed):
        find_pins(f"{content}# pin: six")
