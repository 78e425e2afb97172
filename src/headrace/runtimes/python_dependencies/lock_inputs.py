"""What of a Python script decides locks: its own, and those of the scripts that import it."""

from __future__ import annotations

import re

from headrace.runtimes.base import LockFailed
from headrace.runtimes.python_dependencies.requirements import dependency_file_of
from headrace.runtimes.python_source.imports import package_modules, workspace_imports

UNNAMED = "default"
_FILE = re.compile(r"(?:dependencies/)?(?:(?P<name>[^/]+)\.)?requirements\.in")


def lock_inputs(content: str, path: str) -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
    """A value that is the same for two sources of a script only if no lock can tell them apart.

    Imports, and all lines with comments: requirements, pins and versions of Python are written there.
    """
    comments = tuple(line.strip() for line in content.splitlines() if "#" in line)
    return frozenset(workspace_imports(content, path)), frozenset(package_modules(content)), comments


def files_used(content: str) -> set[str]:
    """The name of the workspace's file of dependencies that a script takes its requirements from, if any.

    One that names none and has no requirements of its own takes ``default``, where there is such a file.
    """
    try:
        name = dependency_file_of(content)
    except LockFailed:
        return set()  # nothing can be locked as it is written
    return {name} if name else set()


def file_path(name: str | None) -> str:
    """Where a file of dependencies lies in a workspace's folder: as the map of imports calls it."""
    return (
        f"dependencies/{name}.requirements.in" if name and name != UNNAMED else "dependencies/requirements.in"
    )


def file_name(path: str) -> str | None:
    """How scripts call the file of dependencies that lies there; None for one that is not Python's."""
    found = _FILE.fullmatch(path)
    return (found["name"] or UNNAMED) if found else None
