from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.api.entrance.url import check_url
from headrace.errors import InvalidInput

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)


def problem(scope: dict) -> str:
    with pytest.raises(InvalidInput) as raised:
        check_url(scope)
    return str(raised.value)


@pytest.mark.parametrize(
    ("path", "query", "sentence"),
    [
        ("/x", "x=%00", "x: has a NUL character, which can't be stored"),
        ("/x", "a=1&x=a%00b", "x: has a NUL character, which can't be stored"),
        ("/x", "%00=1", "query: a name in it has a NUL character, which can't be stored"),
        ("/x", "x=%ED%A0%80", "x: is not valid UTF-8"),
        ("/x", "x=%ff", "x: is not valid UTF-8"),
        ("/x", "x=\xff", "query: has characters that must be percent-encoded"),
        ("/%00", "", "path: has a NUL character, which can't be stored"),
        ("/%c0%af", "", "path: is not valid UTF-8"),
    ],
)
def test_a_url_that_is_no_text_is_refused_with_the_name_of_its_part(path: str, query: str, sentence: str):
    scope = {"path": path, "raw_path": path.encode(), "query_string": query.encode("latin-1")}
    assert problem(scope) == sentence


@given(st.lists(st.tuples(TEXTS, TEXTS)), TEXTS)
def test_a_url_that_is_text_passes(query: list[tuple[str, str]], segment: str):
    check_url(
        {
            "path": f"/{segment}",
            "raw_path": quote(f"/{segment}").encode(),
            "query_string": urlencode(query).encode(),
        }
    )
