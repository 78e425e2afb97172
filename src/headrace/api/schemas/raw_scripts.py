"""Bodies about source that is not deployed."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MOST_PATHS = 10_000

_HASH = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


class LocalFile(BaseModel):
    """A file of dependencies as it lies on the caller's disk."""

    path: str
    language: str
    hash: str
    name: str | None = None


class LocalScripts(BaseModel):
    """What lies on the caller's disk: the SHA-256 of each script, and of files of dependencies."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "scripts": {"f/reports/spells": _HASH},
                    "workspace_deps": [
                        {"path": "dependencies/requirements.in", "language": "python3", "hash": _HASH}
                    ],
                }
            ]
        }
    )

    scripts: Annotated[dict[str, str], Field(max_length=MOST_PATHS)]
    workspace_deps: Annotated[list[LocalFile], Field(max_length=MOST_PATHS)] | None = None
