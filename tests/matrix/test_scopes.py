"""Tokens of an owner with all scopes that read, and all that run, at every route: no other one is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.matrix.table import fault, operation_of, read_calls, read_rules

if TYPE_CHECKING:
    from tests.matrix.trial import Trial

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

CALLS = [call for call in read_calls() if call.rule != "public"]
RULES = read_rules()
RUNS = {
    "run_script_by_path", "run_script_by_hash", "run_script_by_path_inline", "run_script_by_hash_inline",
    "run_wait_result_script_by_path", "run_wait_result_script_by_hash", "run_wait_result_script_by_path_get",
    "run_and_stream_script_by_path", "run_and_stream_script_by_hash", "run_and_stream_script_by_path_get",
    "run_and_stream_script_by_hash_get",
}  # fmt: skip


async def test_scopes_that_read_let_nobody_change_or_run_anything(trial: Trial):
    for call in trial.filled(CALLS):
        answer, changed = await trial.attempt(call, "reading", watched=True)
        if answer.status != 403:  # as some routes are to all tokens with scopes
            expected = RULES[call.rule]["readonly"]
            assert fault(expected, call, answer.status, answer.text) is None, call.name
        assert set(changed) <= {"audit"}, call.name


async def test_scopes_that_run_let_nobody_do_anything_else(trial: Trial):
    passed: set[str] = set()
    for call in trial.filled(CALLS):
        answer, changed = await trial.attempt(call, "running", watched=True)
        if answer.status not in (403, 404):
            passed.add(operation_of(call.name))
        else:
            assert not changed, call.name
    assert passed == RUNS
