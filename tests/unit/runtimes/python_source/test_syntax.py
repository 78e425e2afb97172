"""Source is read whatever version of Python it was written for; syntax of 3.12 to 3.14 on any interpreter."""

from __future__ import annotations

import ast
import gc
import threading

import pytest

from headrace.runtimes.python_source.imports import package_modules
from headrace.runtimes.python_source.syntax import UnreadableSource, parse_python

NEWER = '''"""About it."""
import requests
type Name[T] = list[T]
class Box[T]:
    import f.a.b
async def main[T: int = str](
    a: T, b: str = f"{a["b"]} {f'{1}'}", *, c=1
) -> None:
    """Says it."""
    try:
        return t"{a}"
    except ValueError, TypeError:
        pass
'''


def test_of_newer_syntax_is_kept_what_we_ask_about():
    tree = parse_python(NEWER)
    assert ast.get_docstring(tree) == "About it."
    main = tree.body[-1]
    assert isinstance(main, ast.AsyncFunctionDef)
    assert (main.lineno, ast.get_docstring(main)) == (6, "Says it.")
    assert [argument.arg for argument in (*main.args.args, *main.args.kwonlyargs)] == ["a", "b", "c"]
    assert isinstance(main.args.defaults[0], ast.JoinedStr)
    assert package_modules(NEWER) == {"requests"}


@pytest.mark.parametrize(
    "line",
    [
        "type X = int; import requests",
        "def f[*Ts, **P](*a: *Ts): pass",
        "class C[T: (int, str)](dict[str, T]): pass",
        "x = f'{\n a # why\n}'",
        "try: pass\nexcept* A, B: pass",
        "x = t'{a}'",
    ],
)
def test_each_form_of_it_is_read(line: str):
    parse_python(f"type Y = int\n{line}\n")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("type X = int\nx = = 2\n", "(line 2, column"),
        ("def f[T](): pass\nclass C[T] = 1\n", "(line 2, column"),
        ("x = 1\nexcept A, B:", "(line 2, column"),
    ],
)
def test_a_fault_in_newer_source_is_placed_where_it_is(content: str, place: str):
    with pytest.raises(UnreadableSource, match=r"^it is not valid Python: ") as refused:
        parse_python(content)
    assert place in str(refused.value)


def test_a_bomb_in_newer_syntax_ends_nothing_but_its_own_parser():
    with pytest.raises(UnreadableSource):
        parse_python("type X = int\ny = " + "[" * 3000 + "]" * 3000)


def test_a_thread_that_is_interrupted_in_the_middle_reads_on_when_others_have_read():
    """Garbage may be collected in the middle of it, and any thread may run then."""
    reading, others = threading.get_ident(), []

    def interrupt(phase: str, _: object) -> None:
        if phase == "start" and threading.get_ident() == reading and len(others) < 5:
            others.append(threading.Thread(target=parse_python, args=["x = 1"]))
            others[-1].start()
            others[-1].join(0.02)  # longer than it takes, where it is let

    usual = gc.get_threshold()
    gc.callbacks.append(interrupt)
    gc.set_threshold(50)
    try:
        parse_python("x = f(f(f(f(f(f(1))))))\n" * 100)
    finally:
        gc.set_threshold(*usual)
        gc.callbacks.remove(interrupt)
        for other in others:
            other.join()
    assert len(others) == 5
