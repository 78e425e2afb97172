"""Why uv found no lock, in few words: the cause, what conflicts, and which script asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from headrace.runtimes.python.indexes import without_credentials
from headrace.runtimes.python.uv import UvResult
from headrace.runtimes.python_dependencies.requirement_line import normalized

_MOST_NAMED = 10
_PREMISE = r"((?:(?!, we can conclude that).)*), we can conclude that"
_IN_SUM = "your requirements are unsatisfiable"
_SHORTER = (
    (re.compile(r"No solution found when resolving dependencies"), "No solution found"),
    (re.compile(rf"And because {_PREMISE} {_IN_SUM}"), r"But \1"),
    (re.compile(rf"[Bb]ecause {_PREMISE} {_IN_SUM}"), r"\1"),
    (re.compile(rf"And because {_PREMISE}"), r"And \1, so"),
    (re.compile(rf"[Bb]ecause {_PREMISE}"), r"\1, so"),
    (re.compile(r"failed to clone into: \S+?: "), ""),
    (re.compile(r"(?<=\.): "), " "),
    (re.compile(r"^Failed to fetch"), "the package index gave no proper answer: Failed to fetch"),
)
_UNKNOWN = "not found in the package registry"
_HINT = " If an import comes with a package of another name, say so beside it: import x # pin: name."


def why_unresolved(result: UvResult, origins: Mapping[str, tuple[str, ...]]) -> str:
    """One line, and after it what a build said; ``origins`` tells which scripts ask for a requirement."""
    reason, *of_a_build = result.reason().split("\n")
    for pattern, short in _SHORTER:
        reason = pattern.sub(short, reason)
    end = "" if reason.endswith((".", "…")) else "."
    hint = _HINT if _UNKNOWN in reason and "hint:" not in reason else ""
    return "\n".join([f"{reason}{end}{_who(result, origins)}{hint}", *of_a_build])


def _who(result: UvResult, origins: Mapping[str, tuple[str, ...]]) -> str:
    """Which scripts ask for the packages that uv names."""
    named = set(re.findall(r"[a-z0-9][a-z0-9-]*", " ".join(result.messages).lower()))
    asked = [line for line in origins if normalized(line) in named]
    parts = [f"{without_credentials(line)} is asked for by {_list(origins[line])}" for line in asked]
    more = f"; {len(parts) - _MOST_NAMED} more are named" if len(parts) > _MOST_NAMED else ""
    return f" ({'; '.join(parts[:_MOST_NAMED])}{more})" if parts else ""


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
