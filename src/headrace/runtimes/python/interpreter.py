"""A Python on this machine: what it says of itself, and what a job needs to know of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

_PROBE = """
import ctypes, decimal, json, platform, sqlite3, ssl, sys, sysconfig
known = sys.version_info
letters = {"alpha": "a", "beta": "b", "candidate": "rc"}
letter = letters.get(known.releaselevel, "")
print(json.dumps({
    "program": getattr(sys, "_base_executable", sys.executable),
    "implementation": sys.implementation.name,
    "is_free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "numbers": known[:2],
    "release": "%d.%d.%d" % known[:3] + ("%s%d" % (letter, known.serial) if letter else ""),
    "build": sys.version,
    "abi": "%s %s" % (sysconfig.get_config_var("SOABI"), sysconfig.get_platform()),
    "prefix": sys.base_prefix,
    "library": sysconfig.get_path("stdlib"),
    "headers": sysconfig.get_path("include"),
    "shared": sysconfig.get_config_var("LIBDIR"),
}))
"""
_PROBE_SECONDS = 60
_OLDEST = (3, 10)
"""What the runner needs."""


@dataclass(frozen=True, slots=True)
class PythonInterpreter:
    """An interpreter that jobs run on.

    ``path`` is the program; everybody who runs jobs here can run it. ``version`` is such as ``3.11``,
    ``release`` such as ``3.11.7``, ``abi`` what compiled modules have to fit. ``environ`` is what a
    process's environment needs for it to run.
    """

    path: Path
    version: str
    release: str
    abi: str
    environ: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Installation:
    """A Python where it was installed; jobs of another uid need not be able to reach it.

    ``build`` tells two of the same release apart. ``library`` holds the standard library, ``headers``
    what C is compiled against, ``shared`` its shared library if it has one.
    """

    program: Path
    version: str
    release: str
    build: str
    abi: str
    prefix: Path
    library: Path
    headers: Path
    shared: Path

    def in_place(self) -> PythonInterpreter:
        """It as it lies there."""
        return PythonInterpreter(self.program, self.version, self.release, self.abi)


class Unusable(Exception):
    """A program is no Python that jobs could run on; the message says why."""


def look_at(program: Path) -> Installation:
    """Ask a program, perhaps the link of a virtual environment, what it is. Raises Unusable. It blocks."""
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    try:
        done = subprocess.run(
            [program, "-I", "-c", _PROBE],
            cwd="/",
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unusable(f"{program} can't be run: {error}") from error
    if done.returncode != 0:
        raise Unusable(f"{program} can't be used: {last_line(done.stderr) or f'exit code {done.returncode}'}")
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise Unusable(f"{program} is no Python") from None
    if said["implementation"] != "cpython" or said["is_free_threaded"]:
        raise Unusable(f"{program} is {said['implementation']} of another kind than the usual CPython")
    if tuple(said["numbers"]) < _OLDEST:
        raise Unusable(f"{program} is Python {said['release']}; jobs need {_OLDEST[0]}.{_OLDEST[1]} or newer")
    return Installation(
        program=Path(said["program"]).resolve(),
        version=".".join(map(str, said["numbers"])),
        release=said["release"],
        build=said["build"],
        abi=said["abi"],
        prefix=Path(said["prefix"]),
        library=Path(said["library"]),
        headers=Path(said["headers"]),
        shared=Path(said["shared"] or Path(said["library"]).parent),
    )


def base_interpreter() -> Path:
    """The interpreter itself that runs this process, not the link to it in a virtual environment."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def own_interpreter() -> PythonInterpreter:
    """The worker's own interpreter where it lies."""
    return look_at(base_interpreter()).in_place()


def last_line(text: str) -> str:
    """The last line of what a program said, which says why it failed."""
    return (text.strip().splitlines() or [""])[-1]
