"""Many paths in one body."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class ManyPaths(BaseModel):
    """What a deed in bulk is done to."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"paths": ["f/reports/a", "f/reports/b"]}]})

    paths: Annotated[list[str], Field(max_length=1000)]
