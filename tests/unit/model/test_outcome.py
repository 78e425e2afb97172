from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from headrace.model.json_text import parse_object
from headrace.model.outcome import ErrorName, Measures, Status, failure

ANY_TEXT = st.lists(st.text() | st.sampled_from(["\x00", "\ud800", "\\", "\\u0000"])).map("".join)
STORABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_a_failure_can_always_be_stored(message: str, stack: str, detail: str):
    outcome = failure(ErrorName.EXECUTION, message, stack=stack, detail=detail)
    error = parse_object(outcome.result, "result")["error"]
    assert error["name"] == "ExecutionErr"
    assert set(error) == {"name", "message", "detail"} | ({"stack"} if stack else set())


@given(st.lists(st.text(STORABLE) | st.sampled_from(["\\", "\\u0000"])).map("".join))
def test_a_message_that_can_be_stored_is_kept(message: str):
    assert json.loads(failure("E", message).result)["error"]["message"] == message


def test_a_failure_carries_what_was_measured():
    outcome = failure("E", "m", status=Status.CANCELED, measures=Measures(duration_ms=3))
    assert (outcome.status, outcome.measures.duration_ms) == (Status.CANCELED, 3)
    assert failure("E", "m").measures == Measures()
