"""Scripts that import one another in a circle: fine for Python, until one needs what is not there yet."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from headrace.model.outcome import Outcome, Status
from headrace.runtimes.python_source.imports import workspace_imports

if TYPE_CHECKING:
    from headrace.runtimes.base import Code, LogSink

_SIGNS = (b"partially initialized module", b"circular import")


def import_cycles(code: Code) -> list[str]:
    """The circles among a script and those it imports: ``f/a/x → f/a/y → f/a/x``, in order.

    Each script that is in a circle is in one of those given; not every way around is.
    """
    scripts = code.modules | ({code.path: code.content} if code.path else {})
    ways = {path: workspace_imports(content, path) & scripts.keys() for path, content in scripts.items()}
    told: set[str] = set()
    cycles: list[str] = []
    for start in sorted(ways):
        if start not in told and (cycle := _shortest(start, ways)):
            told.update(cycle)
            cycles.append(" → ".join(cycle))
    return cycles


async def tell_cycles(code: Code, log: LogSink) -> None:
    """Say in the log which circles there are, if any."""
    if cycles := import_cycles(code):
        await log.write(_sentence(cycles).encode() + b"\n")


def name_cycles(outcome: Outcome, code: Code) -> Outcome:
    """The outcome; where a circle may be why it failed, its message names the circle."""
    if outcome.status is not Status.FAILURE or not any(sign in outcome.result for sign in _SIGNS):
        return outcome
    cycles = import_cycles(code)
    with suppress(ValueError):  # what an exception carries along may be beyond our reading
        error = json.loads(outcome.result)["error"]
        if cycles and isinstance(error.get("message"), str):
            error["message"] += f"; {_sentence(cycles)}"
            return dataclasses.replace(outcome, result=json.dumps({"error": error}).encode())
    return outcome


def _sentence(cycles: list[str]) -> str:
    return f"scripts import one another in a circle: {', '.join(cycles)}"


def _shortest(start: str, ways: Mapping[str, set[str]]) -> list[str] | None:
    """The shortest way from a script back to itself."""
    came_from: dict[str, str] = {}
    todo = [start]
    for path in todo:
        for following in sorted(ways[path]):
            if following == start:
                return [*_back(start, path, came_from), start]
            if following not in came_from:
                came_from[following] = path
                todo.append(following)
    return None


def _back(start: str, path: str, came_from: Mapping[str, str]) -> list[str]:
    way = [path]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]
