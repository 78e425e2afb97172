"""What of a Python script decides locks: its own, and those of the scripts that import it."""

from __future__ import annotations

import re

from headrace.runtimes.python_source.imports import package_modules, workspace_imports

UNNAMED = "default"
_HEADING = re.compile(r"#\s*(?P<extra>extra_)?requirements:(?P<rest>.*)")
_INLINE = re.compile(r"# /// script\s*")


def lock_inputs(content: str, path: str) -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
    """A value that is the same for two sources of a script only if no lock can tell them apart.

    Imports, and all lines with comments: requirements, pins and versions of Python are written there.
    """
    comments = tuple(line.strip() for line in content.splitlines() if "#" in line)
    return frozenset(workspace_imports(content, path)), frozenset(package_modules(content)), comments


def files_used(content: str) -> set[str]:
    """The names of the workspace's files of dependencies that a script takes its requirements from.

    One that names none and has no requirements of its own takes ``default``, where there is such a file.
    """
    names: set[str] = set()
    has_own = any(_INLINE.fullmatch(line.rstrip()) for line in content.splitlines())
    for line in _leading_comments(content):
        if heading := _HEADING.fullmatch(line):
            names |= set(heading["rest"].partition("#")[0].split())
            has_own = has_own or not heading["extra"]
    return names if has_own else names | {UNNAMED}


def file_path(name: str | None) -> str:
    """Where a file of dependencies lies in a workspace's folder: as the map of imports calls it."""
    return (
        f"dependencies/{name}.requirements.in" if name and name != UNNAMED else "dependencies/requirements.in"
    )


def _leading_comments(content: str) -> list[str]:
    comments: list[str] = []
    for line in content.removeprefix("\ufeff").splitlines():
        text = line.strip()
        if text and not text.startswith("#"):
            break
        comments.append(text)
    return comments
