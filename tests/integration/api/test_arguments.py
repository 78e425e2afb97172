"""How the body and the query of a call become a script's arguments."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.integration.api.callers import Api, PlayedWorker, deploy, in_workspace, with_settings

PATH = "u/alice/script"
RUN = in_workspace(f"jobs/run/p/{PATH}")
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=xyz"
EVENT = b'{"specversion": "1.0", "id": "1", "source": "/a", "type": "b", "data": %s}'
ENVELOPE = {"specversion": "1.0", "id": "1", "source": "/a", "type": "b"}


def part(name: str, data: str, more: str = "") -> bytes:
    head = f'--xyz\r\nContent-Disposition: form-data; name="{name}"{more}'
    return f"{head}\r\n\r\n{data}\r\n--xyz--\r\n".encode()


async def post(
    caller: httpx.AsyncClient, body: bytes, query: str = "", kind: str | None = None, **headers: str
) -> httpx.Response:
    if kind is not None:
        headers["Content-Type"] = kind
    return await caller.post(f"{RUN}?{query}", content=body, headers=headers)


TAKEN: list[tuple[bytes, str, str | None, dict[str, Any]]] = [
    (b'{"a": 1}', "", "application/json; charset=UTF-8", {"a": 1}),
    (b'{"a": 1}', "", "application/vnd.some+json", {"a": 1}),
    (b"[1]", "", None, {"body": [1]}),
    (b'"x"', "", None, {"body": "x"}),
    (b'{"a": 1}', "wrap_body=true", None, {"body": {"a": 1}}),
    (b"null", "wrap_body=true", None, {"body": None}),
    (b"", "wrap_body=true", None, {"body": None}),
    (b"", "raw=true", None, {"raw_string": ""}),
    (b'{"a":  1}', "raw=true", None, {"a": 1, "raw_string": '{"a":  1}'}),
    (b'{"a": 1}', "raw=true&wrap_body=true", None, {"body": {"a": 1}, "raw_string": '{"a": 1}'}),
    (b"[1]", "raw=true", None, {"body": [1], "raw_string": "[1]"}),
    (b'{"raw_string": 1}', "raw=true", None, {"raw_string": '{"raw_string": 1}'}),
    ("<é/>".encode(), "raw=true", "application/xml", {"raw_string": "<é/>"}),
    (b"x", "raw=true", "text/plain; charset=us-ascii", {"raw_string": "x"}),
    (b"a=1&b=x+y", "", FORM, {"a": "1", "b": "x y"}),
    (b"a=1", "raw=true&wrap_body=true", FORM, {"body": {"a": "1"}, "raw_string": "a=1"}),
    (part("a", "1"), "", MULTIPART, {"a": "1"}),
    (EVENT % b'{"a": 1}', "", "application/cloudevents+json", {"a": 1, "WEBHOOK__METADATA__": ENVELOPE}),
    (EVENT % b"[1]", "", "application/cloudevents+json", {"body": [1], "WEBHOOK__METADATA__": ENVELOPE}),
    (b'{"a": 1}', "include_query=q,w,missing&q=1&w=2&w=3", None, {"a": 1, "q": "1", "w": ["2", "3"]}),
    (b'{"x_mine": 1}', "include_header=X-Mine,missing", None, {"x_mine": "yes"}),
]


async def test_bodies_of_every_kind_become_arguments(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    for body, query, kind, wanted in TAKEN:
        answer = await post(api.alice, body, query, kind, **{"X-Mine": "yes"})
        assert answer.status_code == 201, (body, query, kind, answer.text)
        assert json.loads((await worker.take()).args) == wanted


async def test_a_cloud_event_may_tell_of_itself_in_headers(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    told = {f"ce-{name}": value for name, value in ENVELOPE.items()} | {"ce-subject": "%C3%A9"}
    answer = await post(api.alice, b'{"a": 1.10}', kind="application/json", **told)
    assert answer.status_code == 201, answer.text
    args = (await worker.take()).args
    assert b'"a": 1.10' in args
    envelope = {**ENVELOPE, "subject": "é", "datacontenttype": "application/json"}
    assert json.loads(args) == {"a": 1.1, "WEBHOOK__METADATA__": envelope}
    answer = await post(api.alice, b"{}", **(told | {"ce-specversion": "0.3"}))
    assert (answer.status_code, "specversion" in answer.text) == (400, True)


async def test_what_is_added_leaves_the_digits_of_the_rest(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH)
    await post(api.alice, b'{"a": 1.10, "b": [1E2]}', "raw=true&include_query=q&q=1")
    args = (await worker.take()).args
    assert b'"a": 1.10' in args
    assert b'"b": [1E2]' in args


async def test_the_operator_may_have_headers_included_in_every_call(
    api: Api, worker: PlayedWorker, monkeypatch: pytest.MonkeyPatch
):
    await deploy(api.alice, PATH)
    monkeypatch.setattr(api.app.state, "context", with_settings(api, include_headers=("X-Mine",)))
    await post(api.alice, b"{}", **{"X-Mine": "yes"})
    assert json.loads((await worker.take()).args) == {"x_mine": "yes"}


async def test_a_form_is_an_event_too(api: Api, worker: PlayedWorker):
    await deploy(api.alice, PATH, "def main(n): pass\ndef preprocessor(event): return {}\n")
    for body, kind, wanted in (
        (b"a=1", FORM, ({"a": "1"}, "a=1")),
        (part("a", "1"), MULTIPART, ({"a": "1"}, part("a", "1").decode())),
    ):
        assert (await post(api.alice, body, kind=kind)).status_code == 201
        event = json.loads((await worker.take()).args)["event"]
        assert (event["body"], event["raw_string"]) == wanted


REFUSED: list[tuple[bytes, str, str | None, str]] = [
    (b"{}", "", "application/json; charset=latin-1", "Content-Type: charset"),
    (b"a=1", "", f"{FORM}; charset=utf-16", "Content-Type: charset"),
    (b"x", "", "text/plain", "Content-Type: 'text/plain' is not taken: texts are taken with raw=true"),
    (b"x", "raw=true", "application/octet-stream", "Content-Type: "),
    (b"x", "raw=true", "nonsense", "Content-Type: 'nonsense'"),
    (b"[]", "", "application/cloudevents-batch+json", "Content-Type: is a batch"),
    (b"\xff", "raw=true", "text/plain", "body: is not valid UTF-8"),
    (b"a\x00b", "raw=true", "text/plain", "body: has a NUL"),
    (b"a=%00", "", FORM, "body: has a NUL"),
    (b"a=1", "", "multipart/form-data", "Content-Type: has no boundary"),
    (part("a", "1")[:-4], "", MULTIPART, "body: "),
    (part("a", "1", '; filename="a.txt"'), "raw=true", MULTIPART, "raw: is for bodies that are text"),
    (b"{}", "include_header=a%20b", None, "include_header: 'a b'"),
    (b"{}", "include_header=X%0d%0aY", None, "include_header: "),
    (b"{}", "include_header=Authorization", None, "include_header: Authorization holds a credential"),
    (b"{}", "include_query=token", None, "include_query: token holds a credential"),
    (b"{}", "include_query=" + ",".join("abcdefghij" * 11), None, "include_query: has more than 100"),
    (b"{}", "wrap_body=perhaps", None, "wrap_body: "),
    (b"{}", "retry=5", None, "retry: input should be a valid dictionary"),
    (b"{}", "memory_id=x", None, "memory_id: is not supported"),
    (b"{}", "queue_limit=-1", None, "queue_limit: "),
]


async def test_what_cannot_become_arguments_is_refused_and_starts_nothing(api: Api):
    await deploy(api.alice, PATH)
    for body, query, kind, words in REFUSED:
        answer = await post(api.alice, body, query, kind)
        assert (answer.status_code, answer.text[: len(words)]) == (400, words), answer.text
        assert len(answer.text.splitlines()) == 1
    assert (await api.alice.get(in_workspace("jobs/list"))).json() == []


async def test_what_a_foreign_page_can_send_needs_more_than_the_cookie(api: Api):
    await deploy(api.alice, PATH)
    cookie = {"Cookie": f"token={api.tokens['alice']}"}
    for kind, body in ((FORM, b""), (MULTIPART, part("a", "1")), ("text/plain", b"{}")):
        answer = await api.anonymous.post(
            f"{RUN}?raw=true", content=body, headers={"Content-Type": kind, **cookie}
        )
        assert (answer.status_code, "cookie" in answer.text) == (403, True)
    answer = await api.anonymous.get(in_workspace(f"jobs/run_wait_result/p/{PATH}"), headers=cookie)
    assert answer.status_code == 403
    bundle = await api.anonymous.post(
        in_workspace("jobs/run/preview_bundle"), content=b"", headers={"Content-Type": MULTIPART, **cookie}
    )
    assert bundle.status_code == 403
    assert (await api.alice.get(in_workspace("jobs/list"))).json() == []
    assert (await api.anonymous.post(RUN, json={}, headers=cookie)).status_code == 201
