from __future__ import annotations

import json

import pytest

from headrace.api.webhook import Webhook
from headrace.errors import InvalidInput


def webhook(body: bytes, **changes: object) -> Webhook:
    fields = {"body": body, "query": {}, "headers": {}, "is_external": True} | changes
    return Webhook(**fields)  # type: ignore[arg-type] - fields of a test


def test_an_event_has_the_body_digit_by_digit_and_as_text():
    event = webhook(b'{"a": 1.10, "b": 90071992547409930}').event()
    assert b'"body": {"a": 1.10, "b": 90071992547409930}' in event
    assert json.loads(event)["raw_string"] == '{"a": 1.10, "b": 90071992547409930}'


@pytest.mark.parametrize("body", [b"", b" \n", b"null"])
def test_no_body_is_null(body: bytes):
    event = json.loads(webhook(body).event())
    assert (event["kind"], event["body"], event["raw_string"]) == ("webhook", None, body.decode())


def test_credentials_are_left_out():
    secret = {"authorization": "x", "cookie": "x", "proxy-authorization": "x", "accept": "*/*"}
    event = json.loads(webhook(b"", headers=secret, query={"token": "x", "q": "1"}).event())
    assert (event["headers"], event["query"]) == ({"accept": "*/*"}, {"q": "1"})


def test_another_body_takes_the_place_of_the_first():
    event = json.loads(webhook(b"").with_body(b'{"a": 1}').event())
    assert (event["body"], event["raw_string"]) == ({"a": 1}, '{"a": 1}')


def test_what_cannot_be_stored_is_refused():
    with pytest.raises(InvalidInput, match="event"):
        webhook(b"", query={"a": "\x00"}).event()
