"""One line that asks for a package: whether it does nothing but that, and what is wrong if not."""

from __future__ import annotations

import re

from packaging.requirements import InvalidRequirement, Requirement

_MOST_CHARACTERS = 1000
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_EXTRAS = r"(?: ?\[[A-Za-z0-9._, -]*\])?"
_CLAUSE = r"(?:===|[<>=!~]=|[<>]) ?[A-Za-z0-9.*+!_-]+"
_VERSIONS = rf"(?: ?\(?{_CLAUSE}(?: ?, ?{_CLAUSE})* ?,?\)?)?"
_ADDRESS = r" ?@ ?(?:git\+)?https?://[^\s$]+"
_MARKER = r"(?: ?;[^$\n]*)?"
# No options, no files and no variables: a line comes from a user and is read by the worker.
_REQUIREMENT = re.compile(rf"{_NAME}{_EXTRAS}(?:{_ADDRESS}|{_VERSIONS}){_MARKER}")

_FAULTS = (
    (
        re.compile(r"-"),
        "options are not taken from scripts; the package index is set for the worker (UV_DEFAULT_INDEX)",
    ),
    (re.compile(r".*\$"), "variables are not filled in"),
    (re.compile(r"(?:.*@ ?)?(?:[a-z]+\+)?file:|[./~]|.*@ ?[./~]"), "files of the worker are not installed"),
    (re.compile(r"(?:[a-z]+\+)?[a-z]+://"), "write the package's name before its address: name @ https://…"),
    (re.compile(r".*@"), "an address begins with https://, http://, git+https:// or git+http://"),
    (re.compile(r".*--hash"), "hashes stand in the lock only, which is made from this"),
    (re.compile(r".*;"), "what follows the ';' must be a marker such as python_version < '3.13'"),
    (re.compile(r".*[^\x20-\x7e]"), "the name of a package has only letters from a to z, digits and . _ -"),
)
_ELSE = "write a package as name, name==version or name @ https://…"


def is_requirement(line: str) -> bool:
    """Whether a line names one package, by name and version or by a web address, and nothing else.

    One with a tab, a line end or two spaces in a row does not count.
    """
    is_plain = len(line) <= _MOST_CHARACTERS and line.isprintable() and "  " not in line
    if not is_plain or _REQUIREMENT.fullmatch(line) is None:
        return False
    try:
        Requirement(line)
    except (InvalidRequirement, RecursionError):
        return False
    return True


def requirement_at_start(text: str) -> str | None:
    """The longest beginning of a text, word by word, that is a requirement; the rest may say why."""
    words = text.split()[:20]
    beginnings = (" ".join(words[:count]) for count in range(len(words), 0, -1))
    return next(filter(is_requirement, beginnings), None)


def what_is_wrong(line: str) -> str:
    """Why a line is no requirement, in words that say what to do."""
    if len(line) > _MOST_CHARACTERS:
        return f"it has more than {_MOST_CHARACTERS} characters"
    return next((fault for pattern, fault in _FAULTS if pattern.match(line)), _ELSE)


def normalized(name_or_line: str) -> str:
    """The name of the package that a line asks for, as an index writes it; the line itself if it has none."""
    found = re.match(_NAME, name_or_line)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else name_or_line
