from __future__ import annotations

import pytest

from headrace.api.entrance.rates import Rate, RateCheck
from headrace.errors import TooMany
from headrace.settings import Settings


def request(path: str = "/api/version", client: str = "10.0.0.1", **headers: str) -> dict:
    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"path": path, "client": (client, 1), "headers": given}


def times_until_refused(check: RateCheck, **given: str) -> int:
    for number in range(50):
        try:
            check(request(**given))
        except TooMany:
            return number
    return 50


def test_no_window_holds_more_than_the_most():
    rate = Rate(2, 10)
    assert [rate.take("a", now) for now in (0, 4, 5, 9.5)] == [0, 0, 5, 0.5]
    assert rate.take("b", 5) == 0
    assert rate.take("a", 10) == 0
    assert rate.take("a", 11) == 3


def test_who_was_idle_is_forgotten():
    rate = Rate(2, 10)
    for number in range(1000):
        assert rate.take(str(number), number) == 0
        assert len(rate) <= 11


def test_requests_are_counted_by_token_and_without_one_by_address():
    check = RateCheck(Settings(requests_per_second=5))
    assert times_until_refused(check, authorization="Bearer a") == 5
    assert times_until_refused(check, authorization="Bearer b") == 5
    assert times_until_refused(check, cookie="token=a") == 5
    assert times_until_refused(check) == 5
    assert times_until_refused(check, client="10.0.0.2") == 5
    assert times_until_refused(check, client="2001:db8::1") == 5
    assert times_until_refused(check, client="2001:db8::2") == 0


def test_signing_in_is_counted_by_address_whatever_token_is_sent():
    check = RateCheck(Settings(logins_per_minute=3))
    assert times_until_refused(check, path="/api/auth/login", authorization="Bearer a") == 3
    with pytest.raises(TooMany, match="logins_per_minute"):
        check(request(path="/api/auth/login", authorization="Bearer b"))
    check(request())


def test_nothing_is_counted_without_a_setting():
    check = RateCheck(Settings(logins_per_minute=0))
    assert times_until_refused(check, path="/api/auth/login") == 50
