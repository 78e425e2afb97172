"""Script versions: immutable, named by a hash of all that decides what they are."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from headrace.model.ids import JobId, ScriptHash


@dataclass(frozen=True, slots=True)
class NewScript:
    """A version as it is deployed.

    ``settings`` are the optional fields of the public contract (tag, timeout, envs, priority …) as
    given. ``lock`` is a lockfile the caller brings along; without one a dependencies job makes it.
    """

    path: str
    content: str
    language: str
    summary: str = ""
    description: str = ""
    kind: str = "script"
    parent_hash: ScriptHash | None = None
    schema: dict[str, Any] | None = None
    lock: str | None = None
    is_library: bool = False
    has_preprocessor: bool = False
    deployment_message: str | None = None
    settings: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Script:
    """A stored version. Its lock is None while it is being made; ``lock_error`` says why it failed.

    ``line`` is the hash of the first version that it came of, ``number`` its place in that line, from 1.
    ``error_handler_muted`` is None where nobody has changed what the settings say.
    """

    hash: ScriptHash
    path: str
    parent_hash: ScriptHash | None
    content: str
    language: str
    summary: str
    description: str
    kind: str
    schema: dict[str, Any] | None
    lock: str | None
    lock_error: str | None
    lock_job: JobId | None
    is_library: bool
    deployment_message: str | None
    settings: dict[str, Any]
    extra_perms: dict[str, bool]
    created_by: str
    created_at: datetime
    archived: bool
    deleted: bool
    line: ScriptHash
    number: int
    error_handler_muted: bool | None
    has_preprocessor: bool = False


def script_hash(workspace: str, script: NewScript, other_than: ScriptHash | None = None) -> ScriptHash:
    """The first 64 bits of SHA-256 over all that makes a version, as 16 hex digits.

    The lock is not part of it: it follows from the rest. ``other_than`` is the hash of a version that has
    all of this in common: one that began, in its time, at the same path with the same code.
    """
    parts = [
        workspace,
        script.path,
        script.parent_hash or "",
        script.language,
        script.content,
        script.kind,
        script.summary,
        script.description,
        json.dumps(script.settings, sort_keys=True),
        json.dumps(script.schema, sort_keys=True),
    ]
    if other_than is not None:
        parts.append(other_than)
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return ScriptHash(digest.hexdigest()[:16])
