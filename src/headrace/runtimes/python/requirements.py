"""The packages that a Python script asks for: by a block of comments, or by what it imports."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from headrace.runtimes.base import LockFailed
from headrace.runtimes.python.distributions import distribution_of
from headrace.runtimes.python.imports import package_modules
from headrace.runtimes.python.uv import without_credentials

_MOST_CHARACTERS = 1000
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_EXTRAS = r"(?: ?\[[A-Za-z0-9._, -]*\])?"
_CLAUSE = r"(?:===|[<>=!~]=|[<>]) ?[A-Za-z0-9.*+!_-]+"
_VERSIONS = rf"(?: ?\(?{_CLAUSE}(?: ?, ?{_CLAUSE})* ?,?\)?)?"
_ADDRESS = r" ?@ ?(?:git\+)?https?://[^\s$]+"
_MARKER = r"(?: ?;[^$\n]*)?"
# No options, no files and no variables: a line comes from a user and is read by the worker.
_REQUIREMENT = re.compile(rf"{_NAME}{_EXTRAS}(?:{_ADDRESS}|{_VERSIONS}){_MARKER}")

_HEADING = re.compile(r"#\s*(?P<extra>extra_)?requirements:(?P<rest>.*)")
_OTHER_HEADING = re.compile(r"#\s*(?:///|py[\s:\d])")
_INLINE_BEGIN, _INLINE_END = "# /// script", "# ///"


@dataclass(slots=True)
class _Blocks:
    """What the comments at the beginning of a script ask for; ``own`` is None without such a block."""

    own: list[str] | None = None
    extra: list[str] = field(default_factory=list[str])


def find_requirements(content: str, modules: Mapping[str, str]) -> list[str]:
    """The requirement lines of a script and of the workspace scripts it imports (path → source), sorted.

    For each of them: what its block ``# requirements:`` says, else its ``# /// script`` block (PEP 723),
    else what it imports; ``# extra_requirements:`` adds to any of these. Raises LockFailed where a block
    can't be read or a line is no requirement.
    """
    lines = {line for source in (content, *modules.values()) for line in _of_script(source)}
    return sorted(lines)


def is_requirement(line: str) -> bool:
    """Whether a line names one package, by name and version or by a web address, and nothing else.

    One with a tab, a line end or two spaces in a row does not count.
    """
    is_plain = len(line) <= _MOST_CHARACTERS and line.isprintable() and "  " not in line
    return is_plain and _REQUIREMENT.fullmatch(line) is not None


def _of_script(content: str) -> list[str]:
    blocks = _read_blocks(content)
    own = blocks.own
    if own is None:
        own = _inline_dependencies(content)
    if own is None:
        own = sorted(filter(None, map(distribution_of, package_modules(content))))
    asked = [" ".join(line.split()) for line in (*own, *blocks.extra)]
    for line in asked:
        if not is_requirement(line):
            raise LockFailed(
                f"{without_credentials(line)[:100]!r} is no requirement:"
                " write a package as name, name==version or name @ https://…"
            )
    return asked


def _read_blocks(content: str) -> _Blocks:
    blocks = _Blocks()
    current: list[str] | None = None
    for line in _leading_comments(content):
        if heading := _HEADING.fullmatch(line):
            if rest := heading["rest"].strip():
                raise LockFailed(
                    f"'# requirements: {rest}' names a file of requirements, and there are none here:"
                    " write one requirement a line below '# requirements:'"
                )
            if heading["extra"]:
                current = blocks.extra
            else:
                current = blocks.own = blocks.own or []
        elif _OTHER_HEADING.match(line):
            current = None
        elif current is not None and (asked := _without_comment(line.lstrip("#"))):
            current.append(asked)
    return blocks


def _leading_comments(content: str) -> Iterator[str]:
    for line in content.removeprefix("\ufeff").splitlines():
        text = line.strip()
        if text and not text.startswith("#"):
            return
        if text:
            yield text


def _without_comment(text: str) -> str:
    return re.split(r"\s#", text, maxsplit=1)[0].strip()


def _inline_dependencies(content: str) -> list[str] | None:
    """What a block of PEP 723 asks for; None without one."""
    lines = [line.rstrip() for line in content.splitlines()]
    if lines.count(_INLINE_BEGIN) > 1:
        raise LockFailed(f"there is more than one '{_INLINE_BEGIN}' block: keep one")
    if _INLINE_BEGIN not in lines:
        return None
    rest = lines[lines.index(_INLINE_BEGIN) + 1 :]
    block = list(itertools.takewhile(lambda line: line == "#" or line.startswith("# "), rest))
    if _INLINE_END not in block:
        return None
    end = len(block) - 1 - block[::-1].index(_INLINE_END)
    text = "\n".join(line[2:] for line in block[:end])
    try:
        found = tomllib.loads(text).get("dependencies", [])
    except tomllib.TOMLDecodeError as error:
        raise LockFailed(f"the '# /// script' block is no valid TOML: {error}") from None
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise LockFailed("dependencies in the '# /// script' block must be a list of texts")
    return [str(item) for item in found]
