from __future__ import annotations

from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.api.app import make_app
from headrace.api.url import CleanUrl

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)


async def answer(path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(make_app()), base_url="http://test") as client:
        return await client.get(path)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/api/version?x=%00", "x: has a NUL character, which can't be stored"),
        ("/api/version?a=1&x=a%00b", "x: has a NUL character, which can't be stored"),
        ("/api/version?%00=1", "query: a name in it has a NUL character, which can't be stored"),
        ("/api/version?x=%ED%A0%80", "x: is not valid UTF-8"),
        ("/api/version?x=%ff", "x: is not valid UTF-8"),
        ("/api/%00", "path: has a NUL character, which can't be stored"),
        ("/api/%c0%af", "path: is not valid UTF-8"),
    ],
)
async def test_a_url_that_is_no_text_is_refused_with_the_name_of_its_part(path: str, sentence: str):
    refused = await answer(path)
    assert (refused.status_code, refused.text) == (400, sentence)


@given(st.lists(st.tuples(TEXTS, TEXTS)), TEXTS)
async def test_a_url_that_is_text_passes(query: list[tuple[str, str]], segment: str):
    seen: list[str] = []

    async def app(scope, _receive, _send):
        seen.append(scope["path"])

    scope = {
        "type": "http",
        "path": f"/{segment}",
        "raw_path": quote(f"/{segment}").encode(),
        "query_string": urlencode(query).encode(),
    }
    await CleanUrl(app)(scope, None, None)  # pyright: ignore[reportArgumentType] - nothing is received or sent
    assert seen == [f"/{segment}"]


async def test_bytes_that_are_not_encoded_are_refused():
    sent: list[dict] = []

    async def send(message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"x=\xff",
        "headers": [],
    }
    await CleanUrl(make_app())(scope, None, send)  # pyright: ignore[reportArgumentType] - nothing is received
    assert sent[0]["status"] == 400
