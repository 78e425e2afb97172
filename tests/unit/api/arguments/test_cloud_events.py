from __future__ import annotations

import json

import pytest

from headrace.api.arguments.cloud_events import unfold
from headrace.errors import InvalidInput

REQUIRED = '"specversion": "1.0", "id": "1", "source": "/a", "type": "b"'


def test_an_event_is_its_data_and_its_envelope():
    value, envelope = unfold(b'{%s, "data": {"n": 1.10}, "extra": 2}' % REQUIRED.encode())
    assert value == b'{"n": 1.10}'
    assert json.loads(envelope) == {
        "specversion": "1.0", "id": "1", "source": "/a", "type": "b", "extra": 2,
    }  # fmt: skip


def test_data_may_be_missing_or_in_base64():
    assert unfold(b"{%s}" % REQUIRED.encode())[0] is None
    value, envelope = unfold(b'{%s, "data_base64": "aGk="}' % REQUIRED.encode())
    assert value == b'"aGk="'
    assert "data_base64" not in json.loads(envelope)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("[]", "body: must be a JSON object"),
        ("{}", "specversion: "),
        (f"{{{REQUIRED}}}".replace("1.0", "0.3"), "specversion: "),
        (f"{{{REQUIRED}}}".replace('"id"', '"ID"'), "id: "),
        (f"{{{REQUIRED}}}".replace('"/a"', '""'), "source: "),
        (f"{{{REQUIRED}}}".replace('"b"', "1"), "type: "),
        (f'{{{REQUIRED}, "data": 1, "data_base64": "aGk="}}', "data: "),
        (f'{{{REQUIRED}, "data_base64": "a"}}', "data_base64: "),
        (f'{{{REQUIRED}, "data_base64": 1}}', "data_base64: "),
        (f'{{{REQUIRED}, "id": "2"}}', "body: has the name 'id' twice"),
    ],
)
def test_what_is_no_event_is_refused(event: str, words: str):
    with pytest.raises(InvalidInput, match=words):
        unfold(event.encode())
