"""What is not yours looks exactly like what is not there: same status, same headers, same sentence.

Each route that names something is asked twice, for what is there and for what is not, by somebody who may
know of neither; only the names that were sent may differ in the answers.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.ground.people import WORKSPACE
from tests.matrix.table import Call, is_closed, read_calls, read_rules

if TYPE_CHECKING:
    from tests.matrix.trial import Trial

CALLS = read_calls()
RULES = read_rules()
SEEN_BY_ALL_MEMBERS = {"manages group", "made the type"}
"""Rules about what every member may know of."""
SEEN_JOB = "{admin_job}"
OF_EACH_REQUEST = {"x-request-id", "content-length"}
ABSENT = {
    "hash": "00000000000000ab",
    "moved": "00000000000000ac",
    "sha256": "ab" * 32,
    "trash": "987654",
    "entry": "987654",
    "token": "absenttokn",
}
"""What stands for names of the world that are no jobs' ids."""
ABSENT_JOB = "018f0000-0000-7000-8000-0000000000ab"
NAMES = re.compile(r"\{(\w+)\}")
MOVES = ({"team": "maet"}, {"team/": "team/no", "victor": "rotciv"})
"""A folder that is not there; what is not there in one that is."""


async def test_what_is_not_yours_looks_like_what_is_not_there(trial: Trial):
    faults: list[str | None] = []
    for call in CALLS:
        is_seen = call.rule in SEEN_BY_ALL_MEMBERS or SEEN_JOB in call.address
        if is_seen or not is_closed(RULES[call.rule]["stranger"]):
            continue
        named = set(NAMES.findall(call.address + call.body)) & trial.world.names.keys()
        ids = {trial.world.names[name]: ABSENT.get(name, ABSENT_JOB) for name in named}
        there = trial.filled([call])[0]
        for move in MOVES:
            other = moved(there, move | ids)
            if other != there:
                faults.append(await difference(trial, "stranger", there, other, move | ids))
    assert not any(faults), "\n".join(filter(None, faults))
    assert len(faults) > 150


@pytest.mark.long
async def test_a_workspace_of_others_looks_like_none(trial: Trial):
    faults: list[str | None] = []
    for call in trial.filled(CALLS):
        if call.rule != "public" and call.address.startswith("/api/w/"):
            other = moved(call, {f"/w/{WORKSPACE}/": "/w/absent/"})
            faults.append(await difference(trial, "foreign", call, other, {WORKSPACE: "absent"}))
    assert not any(faults), "\n".join(filter(None, faults))


def moved(call: Call, words: dict[str, str]) -> Call:
    """The same call with other words in it."""
    return replace(call, address=renamed(call.address, words), body=renamed(call.body, words))


def renamed(text: str, words: dict[str, str]) -> str:
    for old, new in words.items():
        text = text.replace(old, new)
    return text


async def difference(
    trial: Trial, principal: str, call: Call, other: Call, words: dict[str, str]
) -> str | None:
    """How the answers to two calls differ in more than the words by which the calls do."""
    there, absent = [(await trial.attempt(each, principal, watched=False))[0] for each in (call, other)]
    expected = (there.status, renamed(there.text, words), without_own(there.headers))
    found = (absent.status, absent.text, without_own(absent.headers))
    return None if expected == found else f"{call.name}: {expected} | {found}"


def without_own(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in OF_EACH_REQUEST}
