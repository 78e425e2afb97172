from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.model.ids import JobId
from headrace.model.job import job_token, read_job_token

SECRETS = st.binary(min_size=32, max_size=32)


@given(st.uuids(), st.integers(0, 10**9 - 1), SECRETS)
def test_a_jobs_token_is_read_back(job: UUID, attempt: int, secret: bytes):
    token = read_job_token(job_token(JobId(job), attempt, secret))
    assert token is not None
    assert (token.job, token.attempt, token.secret) == (job, attempt, secret)


@given(st.text() | st.from_regex(r"job_[0-9a-f]*_[0-9²٣ _+-]*_[0-9a-f ]*", fullmatch=True))
def test_what_is_read_as_a_token_fits_the_database(text: str):
    token = read_job_token(text)
    assert token is None or (0 <= token.attempt < 2**31 and len(token.secret) == 32)


@pytest.mark.parametrize("attempt", ["", "-1", "+1", " 1", "1_0", "²", "٣", "9" * 10, "9" * 5000])
def test_an_odd_attempt_makes_no_token(attempt: str):
    assert read_job_token(f"job_{'0' * 32}_{attempt}_{'0' * 64}") is None


def test_a_secret_is_not_shown():
    token = read_job_token(job_token(JobId(UUID(int=0)), 1, b"\xab" * 32))
    assert "xab" not in repr(token)
    assert "ab" * 32 not in repr(token)
