"""Paths of scripts, resources and other named things: ``u/<user>/…``, ``f/<folder>/…``."""

from __future__ import annotations

import re

from headrace.errors import InvalidInput

MOST_CHARACTERS = 255

_SEGMENT = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_PATH = re.compile(r"(?:u|f|g)(?:/" + _SEGMENT.pattern + r"){2,}")
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")


def check_path(path: str, field: str = "path") -> str:
    """Return a well-formed path as it is; raises InvalidInput naming ``field``.

    The alphabet is ASCII, so that no two paths look alike without being the same.
    """
    if len(path) > MOST_CHARACTERS:
        raise InvalidInput(field, f"is longer than {MOST_CHARACTERS} characters")
    if not _PATH.fullmatch(path):
        raise InvalidInput(
            field,
            "must look like u/<user>/<name> or f/<folder>/<name>, of letters, digits, '_', '-' and '.',"
            " with no part beginning or ending in '-' or '.'",
        )
    return path


def check_name(name: str, field: str = "name") -> str:
    """Return the well-formed name of a workspace, folder, group or user; raises InvalidInput."""
    if len(name) > 50 or not _NAME.fullmatch(name):
        raise InvalidInput(field, "must be 1 to 50 letters, digits, '_' or '-', not ending in '-'")
    return name


def check_username(name: str, field: str = "username") -> str:
    """Like ``check_name``, for a user; names of jobs that run as a group can't be taken."""
    if check_name(name, field).lower().startswith("group-"):
        raise InvalidInput(field, "must not begin with 'group-': so jobs are named that run as a group")
    return name


def check_identity(identity: str, field: str) -> str:
    """Return ``u/<user>`` or ``g/<group>`` as it is; raises InvalidInput naming ``field``."""
    kind, slash, name = identity.partition("/")
    if kind not in ("u", "g") or not slash or len(name) > 50 or not _NAME.fullmatch(name):
        raise InvalidInput(field, "must look like u/<user> or g/<group>")
    return identity


def owner_of(path: str) -> str:
    """The part of a path that decides its permissions: its first two segments."""
    return "/".join(path.split("/", 2)[:2])
