"""Plain paths into JSON, such as ``job.input.rows[0]["a b"]``: the expressions that need no evaluator."""

from __future__ import annotations

import json
import re

from headrace.model.json_text import raw_item, raw_member

PlainPath = tuple[str | int, ...]

_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_STEP = re.compile(
    r"\.(?P<name>[A-Za-z_$][A-Za-z0-9_$]*)|\[(?P<index>\d{1,9})\]"
    r"|\[(?P<quote>[\"'])(?P<key>[^\"'\\]*)(?P=quote)\]"
)


def parse_plain_path(expression: str) -> PlainPath | None:
    """The names and places of a path, from its root on; None for any other expression."""
    text = expression.strip().removesuffix(";").rstrip()
    root = _NAME.match(text)
    if root is None:
        return None
    path: list[str | int] = [root[0]]
    position = root.end()
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            return None
        path.append(int(step["index"]) if step["index"] else step["name"] or step["key"])
        position = step.end()
    return tuple(path)


def find(data: bytes, path: PlainPath) -> bytes | None:
    """What lies at a path of a JSON text, as the text it came as; None where nothing does."""
    found: bytes | None = data
    for step in path:
        if found is None:
            return None
        kind = found.lstrip()[:1]
        if isinstance(step, str) and kind == b"{":
            found = raw_member(found, step)
        elif isinstance(step, int) and kind == b"[":
            found = raw_item(found, step)
        else:
            return None
    return found


def join_object(members: dict[str, bytes]) -> bytes:
    """A JSON object of members whose values are JSON texts."""
    parts = [b"%s: %s" % (json.dumps(name).encode(), value) for name, value in members.items()]
    return b"{" + b", ".join(parts) + b"}"
