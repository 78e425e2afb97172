"""Every principal at every route: the answers are compared with the table of rights.

Two walls stand behind it, predicates in the code and row-level security in the database. Each is tried alone.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from headrace.permissions import check
from tests.matrix.table import (
    CANARY,
    PRINCIPALS,
    Call,
    described_operations,
    fault,
    is_closed,
    listed_calls,
    operation_of,
    read_calls,
    read_exceptions,
    read_rules,
    shows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.matrix.asking import Answer
    from tests.matrix.trial import Trial

QUICK = ("none", "operator", "stranger", "admin", "ended_job")
"""Those who are tried at each commit; the others take longer."""
CALLS = read_calls()
RULES = read_rules()
OPEN: dict[str, Any] = {"readable_owners": None, "audited_username": None}
"""What predicates say that refuse nobody; all others say true, or nothing where they would raise."""


def test_every_route_has_its_line_and_every_line_its_route():
    listed = listed_calls()
    assert len(listed) == len(set(listed))
    assert {operation_of(call) for call in listed} == set(described_operations())


def test_every_rule_is_used_and_says_something_to_everybody():
    assert {call.rule for call in CALLS} == set(RULES)
    for name, cells in RULES.items():
        assert set(cells) == set(PRINCIPALS), name
        assert all(cells.values()), name


@pytest.mark.timeout(180)
async def test_everybody_gets_what_the_table_says(trial: Trial):
    await compare(trial, QUICK, as_listed)


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_everybody_else_gets_what_the_table_says(trial: Trial):
    await compare(trial, [name for name in PRINCIPALS if name not in QUICK], as_listed)


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_predicates_alone_refuse_as_much(trial: Trial):
    trial.pool.walled = False
    await compare(trial, PRINCIPALS, as_listed, read_exceptions("predicates"))


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_the_database_alone_tells_and_changes_nothing_either(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
):
    open_predicates(monkeypatch)
    await compare(trial, PRINCIPALS, as_harmless, read_exceptions("database"))


async def compare(
    trial: Trial,
    principals: Sequence[str],
    judge: Callable[[str, Call, Answer, list[str]], str | None],
    exceptions: frozenset[tuple[str, str]] = frozenset(),
) -> None:
    """Try all routes as these principals; ``exceptions`` have to be otherwise."""
    faults: dict[tuple[str, str], str] = {}
    for principal in principals:
        for call in trial.filled(CALLS):
            if call.rule == "public" and principal != principals[0]:
                continue  # nobody is asked who they are
            expected = RULES[call.rule][principal]
            answer, changed = await trial.attempt(call, principal, watched=is_closed(expected))
            if found := judge(expected, call, answer, changed):
                faults[call.name, principal] = f"{principal}: {call.name} ({call.rule}) {found}"
    others = [text for (name, who), text in faults.items() if not exceptions & {(name, who), ("*", who)}]
    assert not others, f"{len(others)} faults\n" + "\n".join(others)
    needless = {(name, who) for name, who in exceptions - faults.keys() if name != "*"}
    assert not needless, "these are refused by both walls"


def as_listed(expected: str, call: Call, answer: Answer, changed: list[str]) -> str | None:
    if found := fault(expected, call, answer.status, answer.text):
        return found
    # Who gets nothing of a list, an archive or many deeds at once has asked for it, and that is noted.
    return unexpected(changed, noted=expected == "blind") if is_closed(expected) else None


def as_harmless(expected: str, call: Call, answer: Answer, changed: list[str]) -> str | None:
    """However it is answered: those who get nothing are told nothing, and only the audit log may change."""
    if not is_closed(expected):
        return None
    if CANARY in answer.text or is_shown(call, answer):
        return f"tells what it may not: {answer.text[:200]}"
    return unexpected(changed, noted=True)


def is_shown(call: Call, answer: Answer) -> bool:
    return answer.status == call.success and shows(call, answer.text)


def unexpected(changed: list[str], *, noted: bool) -> str | None:
    tables = [table for table in changed if not noted or table != "audit"]
    return f"changes {', '.join(tables)}" if tables else None


def open_predicates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every predicate say yes, wherever it has been imported."""
    for name, predicate in vars(check).copy().items():
        if not callable(predicate) or getattr(predicate, "__module__", "") != check.__name__:
            continue
        says = OPEN.get(name, None if name.startswith("require_") else True)
        for module in list(sys.modules.values()):
            if module.__name__.startswith("headrace") and getattr(module, name, None) is predicate:
                monkeypatch.setattr(module, name, lambda *_, says=says, **__: says)
