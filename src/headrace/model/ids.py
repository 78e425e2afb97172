"""Identifiers, each a type of its own so that they can't be mixed up."""

from __future__ import annotations

import re
from typing import NewType
from uuid import UUID

from headrace.errors import InvalidInput

JobId = NewType("JobId", UUID)
WorkspaceId = NewType("WorkspaceId", str)
ScriptHash = NewType("ScriptHash", str)
WorkerSession = NewType("WorkerSession", int)

_JOB_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SCRIPT_HASH = re.compile(r"[0-9a-f]{16}")


def parse_job_id(text: str, field: str = "id") -> JobId:
    """Read a job id from text, in the usual form with hyphens; raises InvalidInput naming ``field``."""
    if not _JOB_ID.fullmatch(text):
        raise InvalidInput(field, "is not a UUID, such as 01890a5d-ac96-774b-bcce-b302099a8057")
    return JobId(UUID(text))


def parse_script_hash(text: str, field: str = "hash") -> ScriptHash:
    """Read a script version's hash, 16 hex digits; raises InvalidInput."""
    if not _SCRIPT_HASH.fullmatch(text):
        raise InvalidInput(field, "is not a script hash: 16 hexadecimal digits, in lower case")
    return ScriptHash(text)
