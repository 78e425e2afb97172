"""The table of rights: which rule each route has, and what a rule says to each principal.

``rules.tsv`` has a line for each rule and a column for each kind of principal; ``routes.tsv`` has a line for
each route: its operation, its rule, how it is called on something that is there, and what shows that it was
seen. Below these are second calls, each with a word of its own after a ``/``, of routes whose rule depends
on what they are asked for.
Both were written from the specification, not from what the code answers. ``one_wall.tsv`` names what only one
of the two walls refuses, and why.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
DESCRIPTION = HERE.parents[1] / "src/headrace/api/openapi.json"
UNKNOWN = ("none", "garbage", "expired", "revoked", "disabled", "ended_job")
"""Those whom nobody knows, each by the token, for whom the column ``unknown`` stands."""
KNOWN = (
    "foreign", "operator", "stranger", "reader", "writer", "owner", "member", "admin", "superadmin",
    "readonly", "unfit", "job", "bound", "admin_job", "clerk",
)  # fmt: skip
"""The other columns.

- ``foreign`` is a member of another workspace, ``clerk`` an admin of the workspace ``admins`` who is no
  superadmin. All others but ``superadmin`` are members of this one.
- ``stranger`` has no right on the folder ``team``, ``reader`` and ``writer`` have one, ``owner`` owns it,
  ``member`` may write by a group, and ``operator`` could, but is one. ``owner`` has made what is there, and
  runs the jobs.
- ``readonly`` and ``bound`` are tokens of the owner's, for reading only and for this workspace only;
  ``unfit`` is one of the admin's with a scope for something else.
- ``job`` is a running job of the writer's, ``admin_job`` one of the admin's.
"""
PRINCIPALS = (*UNKNOWN, *KNOWN)

CANARY = "amaryllis"
"""In all that lies in the folder ``team``, in every text of it that is told to its readers only."""


@dataclass(frozen=True, slots=True)
class Call:
    """A route, and how it is called.

    ``name`` begins with its operation; ``address`` begins in the workspace, or with ``/`` on the instance.
    ``shows`` is in the answer for those, and only those, who see what is there; after a ``^`` it begins so.
    """

    name: str
    rule: str
    method: str
    address: str
    body: str
    shows: str
    success: int


def read_rules() -> dict[str, dict[str, str]]:
    """What each rule says to each principal."""
    rules: dict[str, dict[str, str]] = {}
    for line in _lines("rules.tsv"):
        name, unknown = line.pop("rule"), line.pop("unknown")
        rules[name] = line | dict.fromkeys(UNKNOWN, unknown)
    return rules


def read_calls() -> list[Call]:
    """How each route of the table is called; what it answers on success stands in the document."""
    operations = described_operations()
    return [
        Call(
            line["call"],
            line["rule"],
            operations[operation][0],
            line["address"],
            line["body"],
            line["shows"] or CANARY,
            min(int(status) for status in operations[operation][1]["responses"] if status.isdigit()),
        )
        for line in _lines("routes.tsv")
        if (operation := operation_of(line["call"])) in operations
    ]


def operation_of(call: str) -> str:
    """The operation of a call."""
    return call.partition("/")[0]


def described_operations() -> dict[str, tuple[str, dict[str, Any]]]:
    """Method and description of each operation, by its name; another test keeps them true."""
    return {
        operation["operationId"]: (method.upper(), operation)
        for methods in json.loads(DESCRIPTION.read_text())["paths"].values()
        for method, operation in methods.items()
    }


def listed_calls() -> list[str]:
    """The calls of which the table says something."""
    return [line["call"] for line in _lines("routes.tsv")]


def read_exceptions(wall: str) -> frozenset[tuple[str, str]]:
    """Calls and principals that a wall, standing alone, would let through."""
    return frozenset(
        (call, principal)
        for line in _lines("one_wall.tsv")
        if line["passed"] == wall
        for call in line["calls"].split(" ")
        for principal in line["principals"].split(" ")
    )


def fault(expected: str, call: Call, status: int, text: str) -> str | None:
    """What is wrong about an answer; None where it is as expected.

    A cell is a status (with a ``!`` after it if the answer may name what is there), or ``ok`` (it is done),
    ``late`` (it is done, and nobody has waited long enough for its end), ``sees`` (done, and the answer shows
    it), ``blind`` (done, and the answer shows nothing).
    """
    number = expected.removesuffix("!")
    wanted = {"late": 504}.get(expected) or (int(number) if number.isdigit() else call.success)
    if status != wanted:
        return f"answers {status}, not {wanted} ({expected}): {text[:200]}"
    if expected == "sees" and not shows(call, text):
        return f"does not show {call.shows}: {text[:200]}"
    if is_closed(expected) and CANARY in text:
        return f"tells what it may not: {text[:200]}"
    if expected == "blind" and shows(call, text):
        return f"shows {call.shows}: {text[:200]}"
    return None


def shows(call: Call, text: str) -> bool:
    """Whether an answer shows what is there."""
    return text.startswith(call.shows[1:]) if call.shows[0] == "^" else call.shows in text


def is_closed(expected: str) -> bool:
    """Whether a cell says that somebody gets nothing, and changes nothing."""
    return expected.isdigit() or expected == "blind"


def _lines(name: str) -> Iterator[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield {key.strip(): (value or "").strip() for key, value in line.items()}
