"""A job's result as text for a person: Markdown, tables, what an image is; else JSON."""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
import unicodedata
from collections.abc import Iterable
from typing import Any

from headrace.cli.show.terminal import without_controls

MOST_ROWS = 12
_MOST_CELL = 40
_MOST_LINES = 60
_MOST_STRING = 300
_IMAGES = {"png": "PNG image", "jpeg": "JPEG image", "gif": "GIF image", "pdf": "PDF document"}
_TEXTS = {"svg": "SVG image", "html": "HTML page"}
_PNG = b"\x89PNG\r\n\x1a\n"


def show_result(result: Any, width: int = 100) -> str:
    """The result in lines of about ``width`` characters, with an end to each table and to long JSON.

    The keys of rich results (``markdown``, ``table-row``, ``png``, ``render_all`` …) count where they
    stand alone in an object; one whose value has not the form it needs is shown as JSON.
    """
    shown = _show_rich(result, width)
    if shown is None:
        rows = _rows_of_plain(result)
        shown = _show_json(result, width) if rows is None else _show_table(*rows, width)
    return without_controls(shown)


def size_in_words(size: int) -> str:
    """A number of bytes, such as ``53.1 kB``."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.1f} kB" if size < 10**6 else f"{size / 10**6:.1f} MB"


def _show_rich(result: Any, width: int) -> str | None:
    if not isinstance(result, dict) or len(result) != 1:
        return None
    ((key, value),) = result.items()
    shown: str | None = None
    match key, value:
        case "render_all", list():
            shown = "\n\n".join(show_result(part, width) for part in value)
        case "json", _:
            shown = _show_json(value, width)
        case (("markdown" | "md"), str()):
            shown = value.strip("\n")
        case (("svg" | "html"), str()):
            shown = f"[{_TEXTS[key]}, {size_in_words(len(value.encode()))}]"
        case (("png" | "jpeg" | "gif" | "pdf"), (str() | {"content": str()})):
            shown = _show_file(_IMAGES[key], value if isinstance(value, str) else value["content"])
        case "file", {"content": str() as content, "filename": str() as name}:
            shown = _show_file(f"file {name}", content)
        case "error", {"message": _}:
            shown = _show_error(value)
        case (("table-row" | "table-col" | "table-row-object"), _):
            rows = _rows_of_keyed(key, value)
            shown = None if rows is None else _show_table(*rows, width)
        case _:
            pass
    return shown


def _show_error(error: dict[str, Any]) -> str:
    headline = f"{error.get('name') or 'Error'}: {error['message']}"
    stack = error.get("stack")
    return f"{stack.rstrip()}\n{headline}" if isinstance(stack, str) and stack.strip() else headline


def _show_file(kind: str, content: str) -> str | None:
    content = content.partition(";base64,")[2] or content
    try:
        data = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return None
    measures = ""
    if data.startswith(_PNG) and len(data) >= 24:
        measures = "{} x {} pixels, ".format(*struct.unpack(">II", data[16:24]))
    return f"[{kind}, {measures}{size_in_words(len(data))}]"


Rows = tuple[list[str], list[list[Any]]]


def _rows_of_keyed(key: str, value: Any) -> Rows | None:
    match key, value:
        case "table-row-object", [list() as order, *objects] if _all(objects, dict):
            names = [str(name) for name in order]
            return names, [[item.get(name) for name in names] for item in objects]
        case "table-row-object", _:
            return _rows_of_objects(value)
        case "table-row", [list() as header, *rows] if _all(rows, list):
            return [str(name) for name in header], list(rows)
        case "table-col", dict():
            return _rows_of_columns(value)
        case _:
            return None


def _rows_of_plain(result: Any) -> Rows | None:
    match result:
        case [dict(), *_]:
            return _rows_of_objects(result)
        case [[_, *_] as header, [_, *_], *_] if _all(header, str):
            is_even = all(isinstance(row, list) and len(row) == len(header) for row in result)
            return ([str(name) for name in header], list(result[1:])) if is_even else None
        case dict() if result:
            return _rows_of_columns(result)
        case _:
            return None


def _rows_of_objects(value: Any) -> Rows | None:
    if not value or not isinstance(value, list) or not _all(value, dict):
        return None
    objects: list[dict[str, Any]] = value
    names = list(dict.fromkeys(name for item in objects for name in item))
    return (names, [[item.get(name) for name in names] for item in objects]) if names else None


def _rows_of_columns(columns: dict[str, Any]) -> Rows | None:
    lists = list(columns.values())
    if not lists or not _all(lists, list) or not lists[0] or len({len(items) for items in lists}) > 1:
        return None
    return list(columns), [list(row) for row in zip(*lists, strict=True)]


def _all(values: Iterable[Any], kind: type) -> bool:
    return all(isinstance(value, kind) for value in values)


def _show_table(names: list[str], rows: list[list[Any]], width: int) -> str:
    """The first rows, numbers to the right; columns that don't fit are named below."""
    shown = [[*row, *[None] * (len(names) - len(row))][: len(names)] for row in rows[:MOST_ROWS]]
    columns: list[list[str]] = []
    used = 0
    for position, name in enumerate(names):
        column = _column(name, [row[position] for row in shown])
        used += _width(column[0]) + 2
        if columns and used > width:
            break
        columns.append(column)
    lines = ["  ".join(cells).rstrip() for cells in zip(*columns, strict=True)]
    if left_out := names[len(columns) :]:
        lines.append(f"… and the columns {', '.join(left_out)}")
    if (more := len(rows) - len(shown)) > 0:
        lines.append(f"… and {more} more rows")
    return "\n".join(lines)


def _column(name: str, values: list[Any]) -> list[str]:
    """Heading, rule and cells of a column, all of the same width."""
    cells = [_cell(value) for value in values]
    heading = _cell(name)
    width = max(_width(text) for text in (heading, *cells))
    numbers = [value for value in values if value is not None]
    is_numeric = bool(numbers) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in numbers
    )
    if is_numeric and any(isinstance(value, float) for value in numbers):
        cells = _with_points_aligned(cells)
        width = max(_width(text) for text in (heading, *cells))
    return [_padded(text, width, to_right=is_numeric) for text in (heading, "─" * width, *cells)]


def _with_points_aligned(cells: list[str]) -> list[str]:
    """Numbers with the same count of places, where none is written with an exponent."""
    if any("e" in cell for cell in cells):
        return cells
    places = max(len(cell.partition(".")[2]) for cell in cells)
    return [cell if not cell or "." not in cell else _filled(cell, places) for cell in cells]


def _filled(cell: str, places: int) -> str:
    whole, _, fraction = cell.partition(".")
    return f"{whole}.{fraction:0<{places}}"


def _cell(value: Any) -> str:
    match value:
        case None:
            text = ""
        case str():
            text = re.sub(r"\s+", " ", value)
        case _:
            text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_CELL else text[: _MOST_CELL - 1] + "…"


def _padded(text: str, width: int, *, to_right: bool) -> str:
    padding = " " * (width - _width(text))
    return padding + text if to_right else text + padding


def _width(text: str) -> int:
    """How many places a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def _show_json(value: Any, width: int) -> str:
    lines = _json_lines(value, width, "")
    if (more := len(lines) - _MOST_LINES) > 0:
        lines = [*lines[:_MOST_LINES], f"… and {more} more lines"]
    return "\n".join(lines)


def _json_lines(value: Any, width: int, before: str) -> list[str]:
    """JSON with what fits into a line in one line; ``before`` is the key that stands before it."""
    if isinstance(value, str) and len(value) > _MOST_STRING:
        return [f'{before}{json.dumps(value[:80], ensure_ascii=False)[:-1]}…" ({len(value):,} characters)']
    line = before + json.dumps(value, ensure_ascii=False)
    if len(line) <= width or not value or not isinstance(value, dict | list):
        return [line]
    if isinstance(value, dict):
        items = [(json.dumps(key, ensure_ascii=False) + ": ", item) for key, item in value.items()]
    else:
        items = [("", item) for item in value]
    lines = [before + ("{" if isinstance(value, dict) else "[")]
    for position, (key, item) in enumerate(items, 1):
        *inner, last = _json_lines(item, width - 2, key)
        lines += [f"  {text}" for text in (*inner, last + ("," if position < len(items) else ""))]
    return [*lines, "}" if isinstance(value, dict) else "]"]
