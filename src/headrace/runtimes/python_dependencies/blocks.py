"""The blocks of comments at the beginning of a script that say what it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from headrace.runtimes.base import LockFailed
from headrace.runtimes.python_dependencies.requirement_line import is_requirement

_HEADING = re.compile(r"#\s*(?P<extra>extra_)?requirements:(?P<rest>.*)")
_PYTHON = re.compile(r"#\s*py(?:\s*:\s*(?P<versions>.*)|3\.?(?P<minor>\d{1,2})\s*)")
_OTHER_HEADING = re.compile(r"#\s*///")


@dataclass(slots=True)
class Blocks:
    """What the comments say. ``own`` and ``file`` are None where no ``# requirements:`` is there.

    ``own`` are the lines below ``# requirements:`` (perhaps none), ``file`` the name beside it, ``extra``
    the lines below ``# extra_requirements:``, ``python`` what ``# py:`` and the like say, word for word.
    """

    own: list[str] | None = None
    file: str | None = None
    extra: list[str] = field(default_factory=list[str])
    python: list[str] = field(default_factory=list[str])


def read_blocks(content: str) -> Blocks:
    """Read the comments before the first line of code.

    A block goes on until the next heading; lines below a file's name are plain comments. Raises LockFailed
    where a heading asks for what can't be had.
    """
    blocks = Blocks()
    current: list[str] | None = None
    for line in _leading_comments(content):
        if heading := _HEADING.fullmatch(line):
            current = _begin(blocks, is_extra=bool(heading["extra"]), rest=without_comment(heading["rest"]))
        elif python := _PYTHON.fullmatch(line):
            blocks.python.append(_versions(python))
            current = None
        elif _OTHER_HEADING.match(line):
            current = None
        elif asked := without_comment(line.lstrip("#")):
            _take(blocks, current, asked)
    return blocks


def without_comment(text: str) -> str:
    """A line of requirements without the comment at its end; a ``#`` within an address is none."""
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].strip()


def _leading_comments(content: str) -> Iterator[str]:
    for line in content.removeprefix("\ufeff").splitlines():
        text = line.strip()
        if text and not text.startswith("#"):
            return
        if text:
            yield text


def _begin(blocks: Blocks, *, is_extra: bool, rest: str) -> list[str] | None:
    if is_extra:
        if rest:
            raise LockFailed(
                f"'# extra_requirements: {rest}' is not understood: write one requirement a line below it,"
                " or take a file of the workspace by '# requirements: <name>'"
            )
        return blocks.extra
    if rest and (blocks.file or "," in rest or " " in rest):
        raise LockFailed(f"'# requirements: {rest}' is more than one file, and a script can take one only")
    blocks.file = rest or blocks.file
    if not rest:
        blocks.own = blocks.own or []
    if blocks.file and blocks.own is not None:
        raise LockFailed(
            f"there is both '# requirements: {blocks.file}' and '# requirements:': take the file,"
            " or write the requirements below"
        )
    return None if rest else blocks.own


def _versions(python: re.Match[str]) -> str:
    return f"3.{python['minor']}" if python["minor"] else without_comment(python["versions"])


def _take(blocks: Blocks, current: list[str] | None, asked: str) -> None:
    if current is not None:
        current.append(asked)
    elif blocks.file and is_requirement(asked) and re.search(r"[<>=~@\[]", asked):
        raise LockFailed(
            f"'# requirements: {blocks.file}' takes that file only: write {asked!r} into it,"
            " or below '# extra_requirements:'"
        )
