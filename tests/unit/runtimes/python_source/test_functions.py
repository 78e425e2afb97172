from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InvalidInput
from headrace.runtimes.python_source.functions import MOST_CHARACTERS, read_python, require_function


@pytest.mark.parametrize(
    "content",
    [
        "def main(): ...",
        "async def main(): ...",
        "main = print",
        "from x import y as main",
        "import main",
        "from x import main",
        "a = main = len",
        "@decorated\ndef main(): ...",
        "main: object = print",
    ],
)
def test_whatever_binds_main_can_be_run(content: str):
    require_function(content)
    assert not read_python(content).is_library


@pytest.mark.parametrize(
    "content", ["", "x = 1", "def other(): ...", "class A:\n    def main(self): ...", "# def main()"]
)
def test_without_main_it_is_a_library(content: str):
    assert read_python(content).is_library
    with pytest.raises(InvalidInput, match=r"^code: has no function named main"):
        require_function(content, "main", "code")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("def main(:\n", "line 1, column 10"),
        ("x = 1\n  y = 2\n", "line 2, column"),
        ("'abc", "line 1"),
        ("é = = 1", "line 1, column"),
        ("def main():\n\treturn 1\n        return 2\n", "line 3"),
        ("return (", "line 1"),
    ],
)
def test_a_fault_is_placed_by_line_and_column(content: str, place: str):
    with pytest.raises(InvalidInput, match=r"^content: is not valid Python") as refused:
        read_python(content)
    assert place in str(refused.value)


@pytest.mark.parametrize(
    "content", ["(" * 10_000, "-" * 500_000 + "1", "[" * 90 + "]" * 90 + "x" * MOST_CHARACTERS, "x\x00y"]
)
def test_a_bomb_is_refused(content: str):
    with pytest.raises(InvalidInput, match=r"^content: "):
        read_python(content)


@given(st.text())
def test_any_text_is_read_or_refused(content: str):
    sentence = "content: "
    try:
        read_python(content)
    except InvalidInput as error:
        sentence = str(error)
    assert sentence.startswith("content: ")


def test_a_warning_of_the_parser_is_nobodys_business():
    assert not read_python("def main():\n    return '\\d' is 1\n").is_library


def test_another_function_may_be_required_and_a_preprocessor_is_seen():
    source = "def main(): pass\nasync def preprocessor(event): pass"
    require_function(source, "preprocessor")
    with pytest.raises(InvalidInput, match="no function named other"):
        require_function(source, "other")
    assert read_python(source).has_preprocessor
    assert not read_python("def main(): pass").has_preprocessor
