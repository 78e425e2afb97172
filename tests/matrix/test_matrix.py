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
    listed_operations,
    read_calls,
    read_exceptions,
    read_rules,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.matrix.trial import Trial

QUICK = ("none", "operator", "stranger", "admin", "ended_job")
"""Those who are tried at each commit; the others take longer."""
CALLS = read_calls()
RULES = read_rules()
OPEN: dict[str, Any] = {"readable_owners": None, "audited_username": None}
"""What predicates say that refuse nobody; all others say true, or nothing where they would raise."""


def test_every_route_has_its_line_and_every_line_its_route():
    assert sorted(listed_operations()) == sorted(described_operations())


def test_every_rule_is_used_and_says_something_to_everybody():
    assert {call.rule for call in CALLS} == set(RULES)
    for name, cells in RULES.items():
        assert set(cells) == set(PRINCIPALS), name
        assert all(cells.values()), name


async def test_everybody_gets_what_the_table_says(trial: Trial):
    await compare(trial, QUICK)


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_everybody_else_gets_what_the_table_says(trial: Trial):
    await compare(trial, [name for name in PRINCIPALS if name not in QUICK])


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_predicates_alone_refuse_as_much(trial: Trial):
    trial.pool.walled = False
    exceptions = read_exceptions("predicates")
    await compare(trial, PRINCIPALS, exceptions)


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_the_database_alone_tells_and_changes_nothing_either(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
):
    open_predicates(monkeypatch)
    exceptions = read_exceptions("database")
    used: set[tuple[str, str]] = set()
    faults: list[str] = []
    for principal in PRINCIPALS:
        for call in trial.filled(CALLS):
            expected = RULES[call.rule][principal]
            if not is_closed(expected):
                continue
            import time; t=time.monotonic(); print(principal, call.operation, flush=True)
            answer, changed = await trial.attempt(call, principal)
            if time.monotonic()-t>1: print("SLOW", principal, call.operation, time.monotonic()-t)
            found = told(call, answer.text) or unexpected(expected, changed)
            if found and (call.operation, principal) in exceptions:
                used.add((call.operation, principal))
            elif found:
                faults.append(f"{principal}: {call.method} {call.operation} ({call.rule}) {found}")
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults)
    assert exceptions - used == set(), "these have both walls, and need not be listed"


async def compare(
    trial: Trial, principals: Sequence[str], exceptions: frozenset[tuple[str, str]] = frozenset()
) -> None:
    faults: list[str] = []
    used: set[tuple[str, str]] = set()
    for principal in principals:
        for call in trial.filled(CALLS):
            expected = RULES[call.rule][principal]
            answer, changed = await trial.attempt(call, principal)
            found = fault(expected, call, answer.status, answer.text)
            if found is None and is_closed(expected):
                found = unexpected(expected, changed)
            if found and (call.operation, principal) in exceptions:
                used.add((call.operation, principal))
            elif found:
                faults.append(f"{principal}: {call.method} {call.operation} ({call.rule}) {found}")
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults)
    assert exceptions - used == set(), "these have both walls, and need not be listed"


def told(call: Call, text: str) -> str | None:
    if CANARY in text or (call.shows in text and call.shows not in call.address + call.body):
        return f"tells what it may not: {text[:200]}"
    return None


def unexpected(expected: str, changed: list[str]) -> str | None:
    # Who gets nothing of a list, an archive or many deeds at once has asked for it, and that is noted.
    changed = [table for table in changed if expected != "blind" or table != "audit"]
    return f"changes {', '.join(changed)}" if changed else None


def open_predicates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every predicate say yes, wherever it has been imported."""
    for name, predicate in vars(check).copy().items():
        if not callable(predicate) or getattr(predicate, "__module__", "") != check.__name__:
            continue
        says = OPEN.get(name, None if name.startswith("require_") else True)
        for module in list(sys.modules.values()):
            if module.__name__.startswith("headrace") and getattr(module, name, None) is predicate:
                monkeypatch.setattr(module, name, lambda *_, says=says, **__: says)
