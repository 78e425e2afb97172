"""The programs that packages bring: found by jobs on their PATH, and run by the interpreter of the job."""

from __future__ import annotations

import re
from pathlib import Path

from headrace.runtimes.python.interpreter import PythonInterpreter

SCRIPTS = "bin"
"""Where they lie in an environment."""

_FIRST_LINES = re.compile(
    rb"#![^\n]*/python[\d.]*\n"
    rb"|#!/bin/sh\n'''exec' [^\n]*\n' '''\n"  # uv's own for long paths and those with spaces
)


def move_scripts(folder: Path, interpreter: PythonInterpreter) -> None:
    """Let the programs of an environment look for their interpreter by name.

    They name it by its path, which need not be the same later, nor one that jobs can reach.
    """
    first_line = f"#!/usr/bin/env {interpreter.path.name}\n".encode()
    for script in (folder / SCRIPTS).glob("*"):
        if script.is_file() and not script.is_symlink():
            content = script.read_bytes()
            if found := _FIRST_LINES.match(content):
                script.write_bytes(first_line + content[found.end() :])


def search_path(interpreter: PythonInterpreter, environment: Path | None) -> str:
    """The PATH of a job: programs of its packages first, then its interpreter, then those of the machine."""
    own = [str(environment / SCRIPTS)] if environment else []
    return ":".join([*own, str(interpreter.path.parent), "/usr/local/bin", "/usr/bin", "/bin"])
