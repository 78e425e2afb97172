"""The block ``# /// script`` of a script, as PEP 723 has it."""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import dataclass
from typing import Any

from headrace.runtimes.base import LockFailed

_BEGIN, _END = "# /// script", "# ///"


@dataclass(frozen=True, slots=True)
class InlineMetadata:
    """What the block says; None for what it says nothing of. ``requires_python`` is as it was written."""

    dependencies: list[str] | None = None
    requires_python: str | None = None


def read_inline_metadata(content: str) -> InlineMetadata:
    """Read the block; empty without one, or where it never ends. Raises LockFailed where it can't be read."""
    text = _block(content)
    if text is None:
        return InlineMetadata()
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LockFailed(f"the '# /// script' block is no valid TOML: {error}") from None
    return InlineMetadata(_dependencies(found), _requires_python(found))


def _block(content: str) -> str | None:
    lines = [line.rstrip() for line in content.splitlines()]
    if lines.count(_BEGIN) > 1:
        raise LockFailed(f"there is more than one '{_BEGIN}' block: keep one")
    if _BEGIN not in lines:
        return None
    rest = lines[lines.index(_BEGIN) + 1 :]
    block = list(itertools.takewhile(lambda line: line == "#" or line.startswith("# "), rest))
    if _END not in block:
        return None
    end = len(block) - 1 - block[::-1].index(_END)
    return "\n".join(line[2:] for line in block[:end])


def _dependencies(found: dict[str, Any]) -> list[str] | None:
    asked = found.get("dependencies")
    if asked is None:
        return None
    if not isinstance(asked, list) or not all(isinstance(item, str) for item in asked):
        raise LockFailed("dependencies in the '# /// script' block must be a list of texts")
    return [str(item) for item in asked]


def _requires_python(found: dict[str, Any]) -> str | None:
    asked = found.get("requires-python")
    if not isinstance(asked, str | None):
        raise LockFailed("requires-python in the '# /// script' block must be a text such as \">=3.12\"")
    return asked
