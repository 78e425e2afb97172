"""Descriptions of parameters, in the styles that people write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.runtimes.python_source.docstring import describe_names

GOOGLE = """Do it.

    Args:
        a: First, with
            a second line.
        b (int, optional): Second: with a colon.
        *rest: The rest.

    Returns:
        c: Nothing.
    """
NUMPY = """Do it.

    Parameters
    ----------
    a : str
        First, with
        a second line.
    b, rest : int, optional
        Second: with a colon.

    Returns
    -------
    c
        Nothing.
    """
SPHINX = """Do it.

    :param a: First, with
        a second line.
    :param int b: Second: with a colon.
    :type b: int
    :param rest: The rest.
    :returns: Nothing.
    """


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_each_style_tells_what_a_parameter_is(text: str):
    described = describe_names(text)
    assert (described["a"], described["b"]) == ("First, with a second line.", "Second: with a colon.")
    assert set(described) == {"a", "b", "rest"}


def test_a_section_may_be_the_first_line():
    text = "Args:\n    a: First,\n        with more.\n    b: Second.\nReturns:\n    c: Nothing.\n"
    assert describe_names(text) == {"a": "First, with more.", "b": "Second."}


@pytest.mark.parametrize(
    "text", ["", "Args:", "Args: a: b", "a: no heading", "Parameters\n---", "Arguments\n  a: b"]
)
def test_what_is_no_section_describes_nothing(text: str):
    assert describe_names(text) == {}


@given(st.text("Args:\n -x()*Parmet ", max_size=200))
def test_any_text_is_read(text: str):
    assert all(describe_names(text).values())
