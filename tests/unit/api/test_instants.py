from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from headrace.api.instants import EARLIEST, LATEST, Instant

INSTANTS = TypeAdapter(Instant)


@given(st.datetimes(timezones=st.timezones()))
def test_an_instant_that_is_taken_can_be_reckoned_with(instant: datetime):
    try:
        taken = INSTANTS.validate_python(instant)
    except ValidationError:
        return
    assert EARLIEST <= taken.astimezone(UTC) < LATEST


@pytest.mark.parametrize(
    "text",
    [
        "infinity",
        "-infinity",
        "now",
        "",
        "2026-13-01T00:00:00Z",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-12:00",
        "294277-01-01T00:00:00Z",
        "2026-01-01T00:00:00+99:99",
        "1969-12-31T23:59:59Z",
    ],
)
def test_what_is_no_instant_of_ours_is_refused(text: str):
    with pytest.raises(ValidationError):
        INSTANTS.validate_python(text)


def test_a_zone_is_kept_in_mind():
    assert INSTANTS.validate_python("2026-01-01T02:00:00+02:00") == datetime(2026, 1, 1, tzinfo=UTC)
