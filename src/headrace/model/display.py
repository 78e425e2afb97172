"""Which kind of rich result a result is, in the one form that whoever shows it needs (features §2.9).

A key counts where it stands alone in an object. One whose value has not the form it needs is shown as JSON,
with the reason.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeGuard


class Kind(StrEnum):
    """How a result is to be shown, and what the value of its display is."""

    TABLE = "table"
    """A ``Table``."""
    MARKDOWN = "markdown"
    HTML = "html"
    SVG = "svg"
    """Text. HTML and SVG are not to be trusted."""
    FILE = "file"
    PNG = "png"
    JPEG = "jpeg"
    GIF = "gif"
    PDF = "pdf"
    """A ``File``."""
    S3 = "s3"
    """A list of objects with ``s3``, their key, and perhaps ``storage``, ``filename``, ``presigned``."""
    ERROR = "error"
    """An object with ``message``, and perhaps ``name`` and ``stack``."""
    APPROVAL = "approval"
    """An object with ``resume``, and perhaps its companions."""
    MAP = "map"
    """An object with ``lat``, ``lon``, ``zoom`` and ``markers``."""
    RENDER_ALL = "render_all"
    """A list of ``Display``."""
    JSON = "json"
    """The value itself."""


@dataclass(frozen=True, slots=True)
class Table:
    """Names of columns, and rows with a value for each."""

    columns: list[str]
    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class File:
    """Bytes, and the name they came with."""

    content: bytes
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Display:
    """A result as it is to be shown. ``problem`` says why one that has a key is plain JSON."""

    kind: Kind
    value: Any
    problem: str | None = None


class _Malformed(ValueError):
    """The value of a key has not the form it needs."""


MOST_NESTED = 20
"""How deep results may stand in results by ``render_all``."""
_COMPANIONS = frozenset({"resume", "cancel", "approvalPage", "default_args", "enums", "description"})
_S3_COMPANIONS = frozenset({"s3", "storage", "filename", "presigned"})


def display_of(result: Any, depth: int = 0) -> Display:
    """How a result is to be shown; ``depth`` counts those that it stands in."""
    key = _key_of(result)
    try:
        if key == "render_all":
            return Display(Kind.RENDER_ALL, _parts(result[key], depth))
        if key is not None:
            kind, read = _READERS[key]
            return Display(kind, read(result if kind in (Kind.APPROVAL, Kind.S3) else result[key]))
    except _Malformed as error:
        return Display(Kind.JSON, result, f"{key}: {error}")
    if _is_s3_list(result):
        return Display(Kind.S3, result)
    table = _plain_table(result)
    return Display(Kind.JSON, result) if table is None else Display(Kind.TABLE, table)


def _key_of(result: Any) -> str | None:
    if not isinstance(result, dict) or not result:
        return None
    if "resume" in result and result.keys() <= _COMPANIONS:
        return "resume"
    if "s3" in result and result.keys() <= _S3_COMPANIONS:
        return "s3"
    (key, *others) = result
    return key if not others and (key in _READERS or key == "render_all") else None


def _parts(value: Any, depth: int) -> list[Display]:
    if not isinstance(value, list):
        raise _Malformed("must be a list of results")
    if depth >= MOST_NESTED:
        raise _Malformed(f"is nested deeper than {MOST_NESTED} levels")
    return [display_of(part, depth + 1) for part in value]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Malformed("must be a string")
    return value


def _named_file(value: Any) -> File:
    match value:
        case {"content": str() as content, "filename": str() as name}:
            return File(_decoded(content), name)
        case _:
            raise _Malformed("must be an object with content, in base64, and filename")


def _image(value: Any) -> File:
    match value:
        case str():
            return File(_decoded(value))
        case {"content": str() as content}:
            return File(_decoded(content), _filename(value))
        case _:
            raise _Malformed("must be a string in base64, or an object with one as content")


def _filename(value: dict[str, Any]) -> str | None:
    name = value.get("filename")
    return name if isinstance(name, str) else None


def _decoded(text: str) -> bytes:
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _Malformed("is not base64") from None


def _s3(value: Any) -> list[Any]:
    if not isinstance(value["s3"], str):
        raise _Malformed("must be the key of an object, a string")
    return [value]


def _is_s3_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_s3(item) for item in value)


def _is_s3(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and "s3" in item
        and isinstance(item["s3"], str)
        and item.keys() <= _S3_COMPANIONS
    )


def _error(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or "message" not in value:
        raise _Malformed("must be an object with message, and perhaps name and stack")
    return value


def _approval(value: Any) -> dict[str, Any]:
    for name in ("resume", "cancel", "approvalPage"):
        if name in value and not isinstance(value[name], str):
            raise _Malformed(f"{name} must be a URL, a string")
    return value


def _map(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Malformed("must be an object with lat, lon, zoom and markers")
    fields: dict[str, Any] = {"markers": []} | value
    markers = fields["markers"]
    if not isinstance(markers, list) or not all(isinstance(marker, dict) for marker in markers):
        raise _Malformed("markers must be a list of objects")
    # The middle of the map may be left to whoever shows it.
    _check_place({"lat": 0, "lon": 0} | fields, "")
    for number, marker in enumerate(markers):
        _check_place(marker, f"markers[{number}].")
    if not _is_number(fields.get("zoom", 0)):
        raise _Malformed("zoom must be a number")
    return fields


def _check_place(place: dict[str, Any], where: str) -> None:
    for name, most in (("lat", 90), ("lon", 180)):
        at = place.get(name)
        if not _is_number(at) or not -most <= at <= most:
            raise _Malformed(f"{where}{name} must be a number from -{most} to {most}")


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _table_of_columns(value: Any) -> Table:
    table = _columns(value) if isinstance(value, dict) else None
    if table is None:
        raise _Malformed("must be an object of lists of the same length")
    return table


def _table_of_rows(value: Any) -> Table:
    match value:
        case [list() as header, *rows] if all(isinstance(row, list) for row in rows):
            columns = [name if isinstance(name, str) else str(name) for name in header]
            if wrong := [number for number, row in enumerate(rows, 1) if len(row) > len(columns)]:
                raise _Malformed(f"row {wrong[0]} has more values than there are columns")
            return Table(columns, [[*row, *[None] * (len(columns) - len(row))] for row in rows])
        case _:
            raise _Malformed("must be a list of lists, the first of which is the header")


def _table_of_objects(value: Any) -> Table:
    match value:
        case [list() as order, *objects] if all(isinstance(item, dict) for item in objects):
            columns = [str(name) for name in order]
            return Table(columns, [[item.get(name) for name in columns] for item in objects])
        case [dict(), *_] if (table := _objects(list(value))) is not None:
            return table
        case []:
            return Table([], [])
        case _:
            raise _Malformed("must be a list of objects, perhaps with the order of columns before them")


def _plain_table(result: Any) -> Table | None:
    """The table that a result without a key is."""
    match result:
        case [dict(), *_]:
            return _objects(list(result))
        case [[_, *_] as header, [_, *_], *_] if all(isinstance(name, str) for name in header):
            is_even = all(isinstance(row, list) and len(row) == len(header) for row in result)
            return Table(list(header), list(result[1:])) if is_even else None
        case dict():
            return _columns(result)
        case _:
            return None


def _objects(value: list[Any]) -> Table | None:
    if not all(isinstance(item, dict) for item in value):
        return None
    columns = list(dict.fromkeys(name for item in value for name in item))
    return Table(columns, [[item.get(name) for name in columns] for item in value]) if columns else None


def _columns(value: dict[str, Any]) -> Table | None:
    lists = list(value.values())
    if not lists or not all(isinstance(items, list) for items in lists) or not lists[0]:
        return None
    if len({len(items) for items in lists}) > 1:
        return None
    return Table(list(value), [list(row) for row in zip(*lists, strict=True)])


def _anything(value: Any) -> Any:
    return value


_READERS: dict[str, tuple[Kind, Callable[[Any], Any]]] = {
    "table-col": (Kind.TABLE, _table_of_columns),
    "table-row": (Kind.TABLE, _table_of_rows),
    "table-row-object": (Kind.TABLE, _table_of_objects),
    "html": (Kind.HTML, _text),
    "svg": (Kind.SVG, _text),
    "markdown": (Kind.MARKDOWN, _text),
    "md": (Kind.MARKDOWN, _text),
    "file": (Kind.FILE, _named_file),
    "png": (Kind.PNG, _image),
    "jpeg": (Kind.JPEG, _image),
    "gif": (Kind.GIF, _image),
    "pdf": (Kind.PDF, _image),
    "s3": (Kind.S3, _s3),
    "error": (Kind.ERROR, _error),
    "resume": (Kind.APPROVAL, _approval),
    "map": (Kind.MAP, _map),
    "json": (Kind.JSON, _anything),
}
