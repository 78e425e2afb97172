"""Keys by which an object that a script returns speaks to the platform (features §2.8)."""

from __future__ import annotations

import json
from typing import Any

from headrace.model.json_text import raw_member

MOST_LABELS = 50
MOST_LABEL_CHARACTERS = 200
_LABELS = "wm_labels"
_STREAM = "wm_stream"


def read_labels(result: bytes) -> tuple[tuple[str, ...], str | None]:
    """The labels that a result asks for in ``wm_labels``, and a sentence where some of it is left out."""
    if b'"wm_labels"' not in result or (raw := _member(result, _LABELS)) is None:
        return (), None
    asked: Any = json.loads(raw)
    if not isinstance(asked, list):
        return (), "wm_labels in the result is no list of strings, so it is not heeded"
    labels = good_labels(asked)
    if len(labels) == len(asked):
        return labels, None
    rule = f"at most {MOST_LABELS} strings of 1 to {MOST_LABEL_CHARACTERS} characters, each once"
    return labels, f"of wm_labels in the result {len(labels)} are kept: {rule}"


def good_labels(asked: list[Any]) -> tuple[str, ...]:
    """Those of a list that can be labels of a job, each once."""
    stripped = (label.strip() for label in asked if isinstance(label, str))
    good = dict.fromkeys(label for label in stripped if 1 <= len(label) <= MOST_LABEL_CHARACTERS)
    return tuple(good)[:MOST_LABELS]


def add_stream(result: bytes, stream: str) -> bytes | None:
    """The result of a job that also gave a stream; None where it has no place for one.

    The stream is the result where nothing else was returned, and the key ``wm_stream`` of an object.
    """
    text = json.dumps(stream, ensure_ascii=False).encode()
    stripped = result.strip()
    if stripped == b"null":
        return text
    if not stripped.startswith(b"{"):
        return None
    if b'"wm_stream"' in result and _member(result, _STREAM) is not None:
        return result  # the script says itself what is to stand there
    head = stripped[:-1].rstrip()
    return head + (b"" if head == b"{" else b", ") + b'"wm_stream": ' + text + b"}"


def _member(result: bytes, name: str) -> bytes | None:
    return raw_member(result, name) if result.lstrip().startswith(b"{") else None
