"""Constant retries come first, then exponential ones; nothing waits longer than a day."""

from __future__ import annotations

import pytest

from headrace.model.retry import LONGEST_DELAY_SECONDS, Retry, read_retry


def delays(retry: Retry, chance: float = 0) -> list[float]:
    found: list[float] = []
    while (delay := retry.delay_seconds(len(found) + 1, chance)) is not None:
        found.append(delay)
    return found


def test_constant_ones_come_first_then_the_power_of_the_base_grows():
    assert delays(Retry(2, 5, 3, multiplier=2, base_seconds=3)) == [5, 5, 6, 18, 54]
    assert delays(Retry(exponential_retries=3, base_seconds=2)) == [2, 4, 8]
    assert delays(Retry(exponential_retries=2, multiplier=0)) == [0, 0]
    assert delays(Retry()) == []


def test_a_delay_is_a_day_at_most_however_large_its_power():
    retry = Retry(1, 10**9, 1000, multiplier=10**4, base_seconds=10**4, random_percent=100)
    assert set(delays(retry, chance=1)) == {LONGEST_DELAY_SECONDS}


@pytest.mark.parametrize(("chance", "delay"), [(-1, 3), (0, 4), (1, 5)])
def test_chance_makes_it_shorter_or_longer(chance: float, delay: float):
    assert delays(Retry(0, 0, 1, multiplier=4, random_percent=25), chance) == [delay]


def test_it_is_read_as_it_was_stored_and_nothing_is_stored_of_none():
    retry = Retry(1, 2, 3, 4, 5, 6)
    assert read_retry(retry.as_text() or "") == retry
    assert Retry(constant_seconds=5).as_text() is None
