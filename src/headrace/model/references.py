"""References in JSON texts: ``"$var:<path>"`` and ``"$res:<path>"``, strings that stand for something else.

Texts are cut and joined, never parsed and printed, so that no number in them changes. Keys are no
references, nor are strings that contain one further on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from headrace.model.path import check_path

VARIABLE, RESOURCE = "$var:", "$res:"

_MOST_SHOWN = 300
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]')
_COLON = re.compile(r"\s*:")


@dataclass(frozen=True, slots=True)
class Reference:
    """What a string refers to; ``path`` is as it was written."""

    kind: Literal["variable", "resource"]
    path: str

    def __str__(self) -> str:
        return f"{VARIABLE if self.kind == 'variable' else RESOURCE}{self.path}"

    def check(self) -> str:
        """Its path, where it is well-formed; raises InvalidInput naming the reference."""
        return check_path(self.path, str(self)[:_MOST_SHOWN])


@dataclass(frozen=True, slots=True)
class Span:
    """A reference and where its string lies in the text, quotes included."""

    start: int
    end: int
    reference: Reference


def may_have_references(text: str) -> bool:
    """Whether it is worth looking: false for most texts, and then there are none."""
    return VARIABLE in text or RESOURCE in text or "\\u0" in text


def find_references(
    text: str, *, most_arrays: int | None = None, most_items: int | None = None
) -> list[Span]:
    """The references in a JSON text that has been checked.

    Those within more than ``most_arrays`` arrays, and in an array those after its first ``most_items``, are
    left alone.
    """
    if not may_have_references(text):
        return []
    spans: list[Span] = []
    containers: list[list[int]] = []  # of each that is open: whether it is an array, and the item we are at
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "[" | "{" as bracket:
                containers.append([bracket == "[", 0])
            case "]" | "}":
                containers.pop()
            case ",":
                containers[-1][1] += 1
            case string:
                reference = _reference(string)
                if reference is None or _COLON.match(text, token.end()):
                    continue
                items = [item for is_array, item in containers if is_array]
                is_too_deep = most_arrays is not None and len(items) > most_arrays
                if is_too_deep or (most_items is not None and any(item >= most_items for item in items)):
                    continue
                spans.append(Span(token.start(), token.end(), reference))
    return spans


def replace_references(text: str, spans: list[Span], values: Mapping[Reference, str]) -> str:
    """The text with JSON texts in the places of its references."""
    return "".join(_pieces(text, spans, values))


def _pieces(text: str, spans: list[Span], values: Mapping[Reference, str]) -> Iterator[str]:
    end = 0
    for span in spans:
        yield text[end : span.start]
        yield values[span.reference]
        end = span.end
    yield text[end:]


def _reference(string: str) -> Reference | None:
    if not string.startswith(('"$', '"\\u0')):
        return None
    value: str = json.loads(string)
    if value.startswith(VARIABLE):
        return Reference("variable", value.removeprefix(VARIABLE))
    if value.startswith(RESOURCE):
        return Reference("resource", value.removeprefix(RESOURCE))
    return None
