"""What the process that reads newer syntax answers."""

from __future__ import annotations

from headrace.runtimes.python_source.newer_syntax import write_down


def test_what_older_python_does_not_know_is_left_out_and_the_rest_stays():
    content = "type X[T] = int\n\ndef f[T](a: T):  # as it is\n    return t'{a}'\n"
    assert write_down(content) == {"text": 'X = int\n\ndef f(a: T):  # as it is\n    return f""\n'}


def test_a_fault_has_a_place():
    assert write_down("type X = int\ny = 1 =\n") == {"line": 2, "column": 7}
