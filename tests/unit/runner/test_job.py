"""Whatever a script calls ``main`` is run, in a real process, and what it gives becomes a result."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.runner.started import run_script

ENTRIES = {
    "a function": "def main(n): return n",
    "async": "async def main(n): return n",
    "a function that gives a coroutine": "async def inner(n): return n\ndef main(n): return inner(n)",
    "a coroutine that gives a coroutine": "async def f(n): return n\nasync def main(n): return f(n)",
    "an awaitable": """
class Later:
    def __init__(self, n): self.n = n
    def __await__(self):
        yield from ()
        return self.n
def main(n): return Later(n)""",
    "partial": "import functools\ndef add(m, n): return m + n\nmain = functools.partial(add, 0)",
    "a lambda": "main = lambda n: n",
    "imported": "from operator import index as inner\ndef wrapped(n): return inner(n)\nmain = wrapped",
    "an object that can be called": """
class Main:
    def __call__(self, n): return n
main = Main()""",
    "an object with an async call": """
class Main:
    async def __call__(self, n): return n
main = Main()""",
    "decorated": """
import functools
def twice(f):
    @functools.wraps(f)
    def inner(*args, **kwargs): return f(*args, **kwargs)
    return inner
@twice
def main(n): return n""",
    "a bound method": "class C:\n    def run(self, n): return n\nmain = C().run",
    "a class method": "class C:\n    @classmethod\n    def run(cls, n): return n\nmain = C.run",
    "a static method": "class C:\n    @staticmethod\n    def main(n): return n\nmain = C.main",
}


@pytest.mark.parametrize("source", ENTRIES.values(), ids=ENTRIES)
def test_what_is_called_main_is_run(source: str):
    told = run_script(source, {"n": 3, "unknown": 1})
    assert (told.answer, told.is_success) == (3, True)


def test_a_class_is_made_and_its_fields_are_the_result():
    source = "from dataclasses import dataclass\n@dataclass\nclass main:\n    n: int\n    m: int = 2"
    assert run_script(source, {"n": 1}).answer == {"n": 1, "m": 2}


def test_another_function_is_run_when_the_plan_says_so():
    source = "def main(): return 1\ndef other(n, **more): return [n, more]"
    told = run_script(source, {"n": 2, "_ENTRYPOINT_OVERRIDE": "other"}, entry="other")
    assert told.answer == [2, {}]
    assert "no function named third" in run_script(source, entry="third").answer["message"]
    assert "no function named x" in run_script("x = 1", entry="x").answer["message"]


@pytest.mark.parametrize(
    ("source", "stream", "result"),
    [
        ("def main():\n    yield 'a'\n    yield ''\n    yield 'b\\n'", ["a", "b\n"], None),
        ("def main():\n    yield 'a'\n    return {'n': 1}", ["a"], {"n": 1}),
        ("async def main():\n    yield 'a'\n    yield 'b'", ["a", "b"], None),
        ("async def main():\n    def words():\n        yield 'a'\n    return words()", ["a"], None),
        ("def main():\n    yield 1\n    yield 'a'", [], [1, "a"]),
        ("def main():\n    yield 'a'\n    yield 1\n    yield 'b'", ["a"], ["a", 1, "b"]),
        ("async def main():\n    yield {'a': 1}\n    yield None", [], [{"a": 1}, None]),
        ("def main():\n    yield from ()", [], []),
        ("def main(): return map(str, [1, 2])", [], ["1", "2"]),
        ("def main(): return (n for n in range(2))", [], [0, 1]),
    ],
)
def test_strings_of_a_generator_are_told_one_by_one_and_the_rest_is_a_list(
    source: str, stream: list[str], result: Any
):
    told = run_script(source)
    assert (told.stream, told.answer, told.is_success) == (stream, result, True)


def test_a_generator_that_fails_fails_the_job():
    told = run_script("def main():\n    yield 'a'\n    raise ValueError('no')")
    assert (told.stream, told.answer["name"], told.is_success) == (["a"], "ValueError", False)


def test_half_a_character_in_a_stream_is_refused():
    told = run_script("def main():\n    yield '\\ud800'")
    assert (told.answer["name"], told.is_success) == ("InvalidResult", False)
    assert "surrogate" in told.answer["message"]


EVENT = {
    "event": {"kind": "webhook", "body": {"a": 1, "b": "2"}, "raw_string": "…", "query": {}, "headers": {}}
}


@pytest.mark.parametrize(
    "preprocessor",
    [
        "def preprocessor(event): return {'n': event['body']['a'], 'kind': event['kind']}",
        "async def preprocessor(event): return {'n': event['body']['a'], 'kind': event['kind']}",
        "def preprocessor(a, event): return {'n': a, 'kind': event['kind']}",
        "def preprocessor(a: int, b: int, c: str = 'webhook'): return {'n': a, 'kind': c}",
    ],
    ids=["event", "async", "both", "named keys"],
)
def test_a_preprocessor_makes_the_arguments_of_main(preprocessor: str):
    told = run_script(f"def main(n, kind): return [n, kind]\n{preprocessor}", EVENT, preprocess=True)
    assert told.answer == [1, "webhook"]
    assert told.arguments == {"n": 1, "kind": "webhook"}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def preprocessor(event): return 3", "has to return an object"),
        ("def preprocessor(event): raise ValueError('odd event')", "odd event"),
        ("def preprocessor(c): return {}", "c: required"),
        ("", "no function named preprocessor"),
    ],
)
def test_a_preprocessor_that_gives_no_arguments_fails_the_job(source: str, message: str):
    told = run_script(f"def main(): return 'ran'\n{source}", EVENT, preprocess=True)
    assert not told.is_success
    assert message in told.answer["message"]
    assert told.arguments is None
