"""Which versions of Python a script and what it imports can run on."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress

from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import Version

from headrace.runtimes.base import LockFailed

_BARE = re.compile(r"(?:==\s*)?(\d+(?:\.\d+)?)")
_MOST_CHARACTERS = 200
_MINORS = range(50)
_ANY_PATCH = (0, 99)


def read_versions(text: str) -> SpecifierSet:
    """Read ``>=3.12`` (PEP 440) or ``3.12``; ``==3.12`` means any 3.12.x. Raises LockFailed."""
    stated = text.strip()
    if bare := _BARE.fullmatch(stated):
        stated = f"=={bare[1]}.*"
    with suppress(InvalidSpecifier):
        if 0 < len(stated) <= _MOST_CHARACTERS:
            return SpecifierSet(",".join(_any_patch(part) for part in stated.split(",")))
    raise LockFailed(f"{text[:100]!r} names no versions of Python: write '# py: >=3.12' or '# py: 3.12'")


def merge_versions(asked: Mapping[str, SpecifierSet]) -> str | None:
    """What all scripts (by name) ask for, as one text such as ``<3.14,>=3.12``; None where none asks.

    Raises LockFailed where no Python 3 meets it, naming the two scripts that contradict one another.
    """
    if not asked:
        return None
    everything = _all_of(asked.values())
    if _can_be_met(everything):
        return str(everything)
    distinct = {str(versions): (name, versions) for name, versions in sorted(asked.items(), reverse=True)}
    for (one, first), (other, second) in itertools.combinations(sorted(distinct.values(), key=_name), 2):
        if _can_be_met(first) and _can_be_met(second) and not _can_be_met(first & second):
            raise LockFailed(
                f"{one} asks for Python {first} and {other} for Python {second}:"
                " a script and what it imports run on one version"
            )
    told = "; ".join(f"{name} asks for Python {versions}" for name, versions in sorted(asked.items()))
    raise LockFailed(f"no version of Python 3 is {everything}: {told}")


def _any_patch(clause: str) -> str:
    """``==3.12`` alone would be 3.12.0; nobody means that."""
    return f"{clause.strip()}.*" if re.fullmatch(r"\s*==\s*\d+\.\d+\s*", clause) else clause


def _name(asked: tuple[str, SpecifierSet]) -> str:
    return asked[0]


def _all_of(parts: Iterable[SpecifierSet]) -> SpecifierSet:
    return SpecifierSet(",".join(sorted({str(clause) for part in parts for clause in part})))


def _can_be_met(versions: SpecifierSet) -> bool:
    patches = {*_ANY_PATCH, *(near for clause in versions for near in _around(clause))}
    return any(versions.contains(f"3.{minor}.{patch}") for minor in _MINORS for patch in sorted(patches))


def _around(clause: Specifier) -> set[int]:
    patch = Version(clause.version.removesuffix(".*")).micro if clause.operator != "===" else 0
    return {max(patch - 1, 0), patch, patch + 1}
