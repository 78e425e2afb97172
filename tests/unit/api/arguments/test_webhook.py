from __future__ import annotations

import json

import pytest

from headrace.api.arguments.webhook import Webhook
from headrace.errors import InvalidInput


def test_an_event_has_the_body_digit_by_digit_and_as_text():
    body = b'{"a": 1.10, "b": 90071992547409930}'
    event = Webhook(body, body.decode(), {"q": "1"}, {"accept": "*/*"}).event()
    assert b'"body": {"a": 1.10, "b": 90071992547409930}' in event
    told = json.loads(event)
    assert (told["kind"], told["raw_string"]) == ("webhook", body.decode())
    assert (told["query"], told["headers"]) == ({"q": "1"}, {"accept": "*/*"})


def test_no_body_is_null():
    event = json.loads(Webhook(None, " \n", {}, {}).event())
    assert (event["body"], event["raw_string"]) == (None, " \n")


def test_what_cannot_be_stored_is_refused():
    with pytest.raises(InvalidInput, match="event"):
        Webhook(None, "", {"a": "\x00"}, {}).event()
