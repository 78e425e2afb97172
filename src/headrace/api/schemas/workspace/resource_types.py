"""Types of resources in the shape of the public contract."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from headrace.api.schemas.answers import with_raw, without_none

if TYPE_CHECKING:
    from headrace.store.values.resource_types import ResourceType as StoredType

_SCHEMA_EXAMPLE: dict[str, Any] = {
    "type": "object",
    "properties": {"host": {"type": "string"}, "password": {"type": "string"}},
    "required": ["host"],
}
Description = Annotated[str, StringConstraints(max_length=10_000)]
DisplayName = Annotated[str, StringConstraints(max_length=100)]


class ResourceType(BaseModel):
    """A type: the JSON schema of values, or the extension of files that are values."""

    workspace_id: str
    name: str
    schema_: Any = Field(default=None, alias="schema")
    description: str
    display_name: str | None = None
    format_extension: str | None = None
    is_fileset: bool
    created_by: str
    edited_at: datetime


class TypeCount(BaseModel):
    """How many resources of a type there are."""

    resource_type: str
    count: int


class FileExtension(BaseModel):
    """The extension of the files that are values of a type, and whether each value is a set of files."""

    format_extension: str | None = None
    is_fileset: bool


class NewResourceType(BaseModel):
    """A new type; who made it when is not asked."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "warehouse", "schema": _SCHEMA_EXAMPLE, "description": "Our warehouse"}]
        }
    )

    name: str
    schema_: Any = Field(default=None, alias="schema")
    description: Description | None = None
    display_name: DisplayName | None = None
    format_extension: str | None = None
    is_fileset: bool | None = None


class EditResourceType(BaseModel):
    """What is to change of a type; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"description": "The new warehouse"}]})

    schema_: Any = Field(default=None, alias="schema")
    description: Description | None = None
    display_name: DisplayName | None = None
    format_extension: str | None = None
    is_fileset: bool | None = None


def show_type(found: StoredType) -> bytes:
    """A type, its schema as the text that it was given as."""
    fields = without_none(
        workspace_id=found.workspace,
        name=found.name,
        description=found.description,
        display_name=found.display_name,
        format_extension=found.format_extension,
        is_fileset=found.is_fileset,
        created_by=found.created_by,
        edited_at=found.edited_at,
    )
    return with_raw(fields, {"schema": None if found.schema is None else found.schema.encode()})
