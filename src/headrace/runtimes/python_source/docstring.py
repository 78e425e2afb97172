"""Descriptions of parameters in a docstring: as Google, numpy and Sphinx write them."""

from __future__ import annotations

import inspect
import re

_HEADING = re.compile(
    r"(?:Args|Arguments|Params|Parameters|Keyword Args|Keyword Arguments|Other Parameters|Attributes):?"
)
_SECTION = re.compile(r"[A-Z]\w*(?: \w+)*:")
_RULE = re.compile(r"-{3,}")
_GOOGLE = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")
_NUMPY = re.compile(r"\*{0,2}(\w+(?:\s*,\s*\w+)*)\s*(?::.*)?")
_SPHINX = re.compile(
    r":(?:param|parameter|arg|argument|key|keyword|var|ivar)\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:\s*(.*)"
)
_MOST_LINES = 2000


def describe_names(text: str) -> dict[str, str]:
    """What a docstring says of each parameter (or field), in one line each; nothing where it says nothing."""
    lines = inspect.cleandoc(text).splitlines()[:_MOST_LINES]
    found = _sphinx(lines)
    for number, line in enumerate(lines):
        if line == line.lstrip() and _HEADING.fullmatch(line.strip()):
            below = lines[number + 1 :]
            if below and _RULE.fullmatch(below[0].strip()):
                found |= _numpy(below[1:])
            elif line.rstrip().endswith(":"):
                found |= _google(below, is_at_top=number == 0)
    return {name: text for name, words in found.items() if (text := " ".join(words).strip())}


def _sphinx(lines: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in lines:
        if match := _SPHINX.fullmatch(line.strip()):
            current = found[match[1]] = [match[2]]
        elif current is not None and line.startswith((" ", "\t")):
            current.append(line.strip())
        else:
            current = None
    return found


def _google(lines: list[str], *, is_at_top: bool) -> dict[str, list[str]]:
    """Entries stand at the first line's indentation, what continues them deeper; a line with none ends it."""
    found: dict[str, list[str]] = {}
    indentation: int | None = None
    current: list[str] | None = None
    for line in lines:
        text = line.strip()
        if not text:
            continue
        depth = len(line) - len(line.lstrip())
        if depth == 0 and (not is_at_top or _SECTION.fullmatch(text)):
            break  # what stands below the very first line has lost its indentation
        indentation = depth if indentation is None else indentation
        if depth <= indentation and (match := _GOOGLE.fullmatch(text)):
            current = found[match[1]] = [match[2]]
        elif depth > indentation and current is not None:
            current.append(text)
        else:
            current = None
    return found


def _numpy(lines: list[str]) -> dict[str, list[str]]:
    """Entries stand at no indentation, what describes them deeper; the next underlined heading ends it."""
    found: dict[str, list[str]] = {}
    current: list[list[str]] = []
    for line, after in zip(lines, [*lines[1:], ""], strict=False):
        text = line.strip()
        if _RULE.fullmatch(after.strip()):
            break
        if line.startswith((" ", "\t")):
            for words in current:
                words.append(text)
        elif match := _NUMPY.fullmatch(text):
            current = [found.setdefault(name.strip(), []) for name in match[1].split(",")]
        elif text:
            current = []
    return found
