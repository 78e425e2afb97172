"""A small job, run in the fork server itself before any other comes.

Python prepares code while it runs: it specialises instructions, numbers types and dictionaries, remembers
where methods are found. A job that did that for itself would copy twice as many pages of memory.
"""

from __future__ import annotations

import json
import os
import sys

from . import begin, job
from .cage import levels, linux

_ROUNDS = 20
"""Python specialises what has run eight times, and is done some runs later."""
_SOURCE = b"""\
import os


def main(number: int = 1, text: str = "", more: dict = {}):
    print("number", number)
    return {"number": number + 1, "text": text, "more": [*more]}
"""
_ARGUMENTS = b'{"number": 1, "text": "two", "more": {"three": 3}}'


def rehearse() -> None:
    """Run it some times, so that nothing is left of it but what Python has learned."""
    path, arguments = list(sys.path), list(sys.argv)
    source = _in_memory(_SOURCE)
    for _ in range(_ROUNDS):
        _run_once(source)
    os.close(source)
    sys.path[:], sys.argv[:] = path, arguments


def _run_once(source: int) -> None:
    folder, file = "/proc/self/fd", str(source)
    environ = dict(os.environ)
    text = json.dumps({"environ": environ, "files": {}, "command": None}).encode()
    given = _in_memory(begin.LENGTH.pack(len(text)) + text + _ARGUMENTS)
    plan = begin.read_plan(given)
    begin.look_fresh(plan["environ"])
    levels.set_limits({})
    linux.set_dumpable(1)
    job.run({
        "arguments": given,
        "result": _in_memory(b""),
        "folder": folder,
        "file": file,
        "module": "rehearsed",
        "path": [],
        "entry": "main",
    })  # fmt: skip
    del sys.modules["rehearsed"]


def _in_memory(data: bytes) -> int:
    descriptor = os.memfd_create("rehearsal", os.MFD_CLOEXEC)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
