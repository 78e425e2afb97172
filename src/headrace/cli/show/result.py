"""A job's result as text for a person: Markdown, tables, what an image is; else JSON."""

from __future__ import annotations

import json
import re
import struct
import unicodedata
from collections.abc import Callable
from typing import Any

from headrace.cli.show.terminal import without_controls
from headrace.model.display import Display, File, Kind, Table, display_of

MOST_ROWS = 12
_MOST_CELL = 40
_MOST_LINES = 60
_MOST_STRING = 300
_PNG = b"\x89PNG\r\n\x1a\n"


def show_result(result: Any, width: int = 100) -> str:
    """The result in lines of about ``width`` characters, with an end to each table and to long JSON.

    One that has a key of rich results and not the form it needs is JSON, with the reason below.
    """
    return without_controls(_show(display_of(result), width))


def size_in_words(size: int) -> str:
    """A number of bytes, such as ``53.1 kB``."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.1f} kB" if size < 10**6 else f"{size / 10**6:.1f} MB"


def _show(display: Display, width: int) -> str:
    shown = _SHOWN[display.kind](display.value, width)
    return f"{shown}\n… shown as JSON: {display.problem}" if display.problem else shown


def _in_words(words: str) -> Callable[[str, int], str]:
    def show(text: str, _width: int) -> str:
        return f"[{words}, {size_in_words(len(text.encode()))}]"

    return show


def _as_file(words: str) -> Callable[[File, int], str]:
    def show(file: File, _width: int) -> str:
        measures = ""
        if file.content.startswith(_PNG) and len(file.content) >= 24:
            measures = "{} x {} pixels, ".format(*struct.unpack(">II", file.content[16:24]))
        name = f" {file.name}" if file.name else ""
        return f"[{words}{name}, {measures}{size_in_words(len(file.content))}]"

    return show


def _show_markdown(text: str, _width: int) -> str:
    return text.strip("\n")


def _show_all(parts: list[Display], width: int) -> str:
    return "\n\n".join(_show(part, width) for part in parts)


def _show_approval(value: dict[str, Any], _width: int) -> str:
    names = ("approvalPage", "resume", "cancel")
    return "\n".join(f"{name}: {value[name]}" for name in names if name in value)


def _show_objects(items: list[dict[str, Any]], _width: int) -> str:
    places = (f" in storage {item['storage']}" if item.get("storage") else "" for item in items)
    return "\n".join(f"[S3 object {item['s3']}{place}]" for item, place in zip(items, places, strict=True))


def _show_error(error: dict[str, Any], _width: int) -> str:
    headline = f"{error.get('name') or 'Error'}: {error['message']}"
    stack = error.get("stack")
    return f"{stack.rstrip()}\n{headline}" if isinstance(stack, str) and stack.strip() else headline


def _show_map(value: dict[str, Any], width: int) -> str:
    middle = f"{value['lat']}, {value['lon']}" if {"lat", "lon"} <= value.keys() else "its markers"
    markers = value["markers"]
    if not markers:
        return f"[map around {middle}]"
    rows = [[marker.get("title"), marker["lat"], marker["lon"]] for marker in markers]
    return f"[map around {middle}]\n" + _show_table(Table(["title", "lat", "lon"], rows), width)


def _show_table(table: Table, width: int) -> str:
    """The first rows, numbers to the right; columns that don't fit are named below."""
    names, rows = table.columns, table.rows
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


_SHOWN: dict[Kind, Callable[[Any, int], str]] = {
    Kind.TABLE: _show_table,
    Kind.MARKDOWN: _show_markdown,
    Kind.HTML: _in_words("HTML page"),
    Kind.SVG: _in_words("SVG image"),
    Kind.FILE: _as_file("file"),
    Kind.PNG: _as_file("PNG image"),
    Kind.JPEG: _as_file("JPEG image"),
    Kind.GIF: _as_file("GIF image"),
    Kind.PDF: _as_file("PDF document"),
    Kind.S3: _show_objects,
    Kind.ERROR: _show_error,
    Kind.APPROVAL: _show_approval,
    Kind.MAP: _show_map,
    Kind.RENDER_ALL: _show_all,
    Kind.JSON: _show_json,
}
