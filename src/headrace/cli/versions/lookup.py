"""Finds versions of a script on a server: its history, and one of it by the beginning of its hash."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from headrace.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from headrace.cli.client import Client

_PER_PAGE = 1000
_BEGINNING = re.compile(r"[0-9a-f]{4,16}")


@dataclass(frozen=True, slots=True)
class Version:
    """One version, as a history tells of it; ``created_at`` is in ISO 8601."""

    hash: str
    number: int
    path: str
    message: str
    created_by: str
    created_at: str
    is_archived: bool


async def read_history(client: Client, path: str) -> list[Version]:
    """All versions of a script that one may see, newest first. Raises NotFound."""
    found: list[Version] = []
    while len(found) % _PER_PAGE == 0:
        page = 1 + len(found) // _PER_PAGE
        told = await client.get(f"scripts/history/p/{quote(path)}", page=page, per_page=_PER_PAGE)
        found += [_version(item) for item in told]
        if not told:
            break
    return found


async def read_version(client: Client, version: Version) -> dict[str, Any]:
    """A version with its source and settings, as the API shows it."""
    return await client.get(f"scripts/get/h/{version.hash}")


def choose(history: list[Version], text: str, path: str) -> Version:
    """The version whose hash begins so; raises NotFound for none or several, InvalidInput for other texts."""
    if not _BEGINNING.fullmatch(text):
        raise InvalidInput("VERSION", f"{text!r} is no hash, nor the first 4 or more digits of one")
    found = [version for version in history if version.hash.startswith(text)]
    if len(found) != 1:
        many = f"has {len(found)} versions" if found else "has no version"
        raise NotFound(f"{path} {many} whose hash begins with {text}; `headrace history {path}` lists them")
    return found[0]


def _version(item: dict[str, Any]) -> Version:
    return Version(
        hash=item["script_hash"],
        number=item["number"],
        path=item["path"],
        message=item.get("deployment_msg") or "",
        created_by=item["created_by"],
        created_at=item["created_at"],
        is_archived=item["archived"],
    )
