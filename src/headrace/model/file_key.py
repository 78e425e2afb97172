"""Names of a workspace's files."""

from __future__ import annotations

import re
import secrets
import unicodedata

from headrace.errors import InvalidInput

MOST_KEY_BYTES = 1024
MOST_SEGMENT_BYTES = 255
_EXTENSION = re.compile(r"[A-Za-z0-9]{1,16}")


def check_file_key(key: str, field: str = "file_key") -> None:
    """Raise InvalidInput for what can't be a file's key.

    A key is a name and never a place, but those who download files make places of them.
    """
    if not key:
        raise InvalidInput(field, "must not be empty")
    if len(key.encode("utf-8", "surrogatepass")) > MOST_KEY_BYTES:
        raise InvalidInput(field, f"must have at most {MOST_KEY_BYTES} bytes")
    if "\\" in key or any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in key):
        raise InvalidInput(field, "must not have a backslash, a line break or a control character in it")
    if key.startswith("/"):
        raise InvalidInput(field, "must not begin with a slash")
    for segment in key.split("/"):
        if segment in ("", ".", ".."):
            raise InvalidInput(field, "must not have a part that is empty, `.` or `..`")
        if len(segment.encode()) > MOST_SEGMENT_BYTES:
            raise InvalidInput(field, f"must have at most {MOST_SEGMENT_BYTES} bytes between two slashes")


def random_file_key(extension: str | None) -> str:
    """A key for a file that was given none. Raises InvalidInput for an odd extension."""
    name = f"uploads/{secrets.token_hex(16)}"
    if not extension:
        return name
    if not _EXTENSION.fullmatch(extension):
        raise InvalidInput("file_extension", "must be up to 16 letters and digits")
    return f"{name}.{extension}"
