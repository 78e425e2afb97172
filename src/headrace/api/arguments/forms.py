"""Forms, as browsers and many services send them, as JSON objects of texts and of what files are kept as."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from headrace.api.file_bodies import Upload, check_content_type
from headrace.errors import InvalidInput
from headrace.model.file_key import random_file_key
from headrace.model.json_text import decode_text, parse_object, to_json

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_FIELDS = 1000
MOST_FILES = 100
_EXTENSION = re.compile(r".+\.([A-Za-z0-9]{1,16})", re.DOTALL)


@dataclass(slots=True)
class Part:
    """One part of a multipart body. ``filename`` is None for a field that is not a file."""

    name: str = ""
    filename: str | None = None
    content_type: str | None = None
    data: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True, slots=True)
class Form:
    """What a form says, as a JSON object, and the files that it refers to by their keys."""

    value: bytes
    files: tuple[Upload, ...] = ()


def read_urlencoded(data: bytes) -> bytes:
    """``application/x-www-form-urlencoded`` as a JSON object. Raises InvalidInput."""
    text = decode_text(data, "body")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError:
        raise InvalidInput("body", "has percent-encoded bytes that are not valid UTF-8") from None
    except ValueError:
        raise _too_many() from None
    return _to_object(gathered(pairs))


def read_multipart(data: bytes, boundary: bytes | None) -> Form:
    """``multipart/form-data``; a field with files is a list of objects with their keys. Raises InvalidInput.

    A field for a file in which a browser's user has chosen none is an empty list.
    """
    values: dict[str, list[Any]] = defaultdict(list)
    files: list[Upload] = []
    with_files: set[str] = set()
    for part in read_parts(data, boundary):
        if part.filename is None:
            values[part.name].append(decode_text(bytes(part.data), part.name))
            continue
        found = values[part.name]
        with_files.add(part.name)
        if part.filename or part.data:
            upload = _upload(part)
            found.append(_shown(upload, part.filename))
            files.append(upload)
    if len(files) > MOST_FILES:
        raise InvalidInput("body", f"has more than {MOST_FILES} files")
    return Form(_to_object(_unwrapped(values, but=with_files)), tuple(files))


def read_parts(data: bytes, boundary: bytes | None) -> list[Part]:
    """The parts of a multipart body. Raises InvalidInput, also where the body is cut short."""
    if boundary is None:
        raise InvalidInput("Content-Type", "has no boundary")
    reader = _PartReader()
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        parser.write(data)
        parser.finalize()
    except FormParserError:
        raise InvalidInput("body", "is not valid multipart/form-data") from None
    if not reader.is_whole:
        raise InvalidInput("body", "is multipart/form-data that ends without its last boundary")
    return reader.parts


class _PartReader:
    """Collects what the parser finds."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.is_whole = False
        self._header = b""
        self._value = b""
        self._disposition = b""
        self._content_type: bytes | None = None

    def callbacks(self) -> MultipartCallbacks:
        """What the parser is to call."""
        return {
            "on_part_begin": self._begin,
            "on_part_data": self._data,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) == MOST_FIELDS:
            raise _too_many()
        self.parts.append(Part())
        self._disposition = b""
        self._content_type = None

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].data += data[start:end]

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        match self._header.lower():
            case b"content-disposition":
                self._disposition = self._value
            case b"content-type":
                self._content_type = self._value
            case _:
                pass
        self._header = self._value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if not options.get(b"name"):
            raise InvalidInput("body", "has a part whose Content-Disposition has no name")
        self.parts[-1].name = decode_text(options[b"name"], "body")
        if (filename := options.get(b"filename")) is not None:
            self.parts[-1].filename = decode_text(filename, "body")
        if self._content_type is not None:
            self.parts[-1].content_type = decode_text(self._content_type, "body")

    def _end(self) -> None:
        self.is_whole = True


def _upload(part: Part) -> Upload:
    if part.content_type is not None:
        check_content_type(part.content_type, part.name)
    extension = _EXTENSION.fullmatch(part.filename or "")
    key = random_file_key(extension[1] if extension else None)
    return Upload(part.name, key, bytes(part.data), part.content_type)


def _shown(upload: Upload, filename: str) -> dict[str, str]:
    """A file as its script gets it; of its name what comes after the folders of whoever sent it."""
    name = re.split(r"[/\\]", filename)[-1]
    return {"s3": upload.key} | ({"filename": name} if name else {})


def _to_object(value: Mapping[str, Any]) -> bytes:
    made = to_json(value)
    parse_object(made, "body")  # a NUL, for one, can come by a form too
    return made


def gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Texts by their names; a name that is repeated has the list of its texts."""
    texts: dict[str, list[str]] = defaultdict(list)
    for name, text in pairs:
        texts[name].append(text)
    return _unwrapped(texts)


def _unwrapped(values: Mapping[str, list[Any]], but: Collection[str] = ()) -> dict[str, Any]:
    return {name: found if len(found) > 1 or name in but else found[0] for name, found in values.items()}


def _too_many() -> InvalidInput:
    return InvalidInput("body", f"has more than {MOST_FIELDS} fields")
