"""A program of somebody else in place of a job's code: restrict, then become it."""

from __future__ import annotations

import json
import os
import sys

from . import restrict


def run() -> None:
    """Become the program. ``sys.argv[1]`` is the plan, as JSON without secrets.

    Its keys are ``program`` (a list: path and arguments), ``output`` (a file for its standard output),
    ``arguments`` (a descriptor, for JSON: ``input`` is its standard input, less than a pipe holds), and
    ``result`` and ``restrictions`` as for a job. What it starts inherits none of the descriptors, and
    the input is gone from its pipe once it was read.
    """
    plan = json.loads(sys.argv[1])
    os.set_inheritable(plan["result"], False)  # noqa: FBT003 - it takes no keyword
    restrict.apply(plan["restrictions"])
    with os.fdopen(plan["arguments"], "rb") as file:
        given = json.loads(file.read())
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    text = given["input"].encode("utf-8", "surrogatepass")
    if os.write(writing, text) != len(text):
        sys.exit("headrace: the input of the program is too long")
    os.close(writing)
    os.dup2(reading, 0)
    os.dup2(os.open(plan["output"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 1)
    os.execve(plan["program"][0], plan["program"], os.environ)  # noqa: S606 - no shell is wanted
