from __future__ import annotations

import os
from pathlib import Path

import pytest

from headrace.errors import Misconfigured
from headrace.sandbox import accounts
from headrace.sandbox.accounts import FIRST_UID, take_uids


def test_two_workers_never_get_the_same_uid(tmp_path: Path):
    first, second = take_uids(2, tmp_path), take_uids(2, tmp_path)
    assert not first.keys() & second.keys()
    for descriptor in (*first.values(), *second.values()):
        os.close(descriptor)


def test_a_uid_is_free_again_when_its_lock_is(tmp_path: Path):
    first = take_uids(1, tmp_path)
    assert list(first) == [FIRST_UID]
    os.close(first[FIRST_UID])
    again = take_uids(1, tmp_path)
    assert list(again) == [FIRST_UID]
    os.close(again[FIRST_UID])


def test_too_many_are_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(accounts, "MOST_UIDS", 1)
    with pytest.raises(Misconfigured, match="fewer workers or slots"):
        take_uids(2, tmp_path)
