"""Folders in the shape of the public contract."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

if TYPE_CHECKING:
    from headrace.store.folders import Folder as StoredFolder

Text = Annotated[str, StringConstraints(max_length=1000)]
Labels = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=100)]], Field(max_length=50)
]
Owners = Annotated[list[str], Field(max_length=1000)]
Perms = Annotated[dict[str, bool], Field(max_length=1000)]
NoDefaults = Annotated[list[Any], Field(max_length=0)]


class FolderChange(BaseModel):
    """Body of a change of a folder; what is left out stays. ``default_permissioned_as`` can't be set."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"summary": "Reports", "owners": ["u/alice"], "extra_perms": {"g/all": False}}]
        }
    )

    display_name: Text | None = None
    summary: Text | None = None
    owners: Owners | None = None
    extra_perms: Perms | None = None
    labels: Labels | None = None
    default_permissioned_as: NoDefaults | None = None


class NewFolder(FolderChange):
    """Body of a new folder."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "reports", "owners": ["u/alice"], "extra_perms": {"g/all": False}}]
        }
    )

    name: str


class NewOwner(BaseModel):
    """Body that adds an owner."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner": "u/alice"}]})

    owner: str


class FormerOwner(BaseModel):
    """Body that removes an owner; ``write`` is the right that they have from then on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner": "u/alice", "write": False}]})

    owner: str
    write: bool | None = None


class Folder(BaseModel):
    """A folder; ``extra_perms`` maps ``u/<user>`` or ``g/<group>`` to true (write) or false (read)."""

    name: str
    display_name: str
    summary: str
    owners: list[str]
    extra_perms: dict[str, bool]
    labels: list[str]
    created_by: str
    edited_at: datetime | None = None


class FolderUsage(BaseModel):
    """How many things lie in a folder."""

    scripts: int = 0
    flows: int = 0
    apps: int = 0
    resources: int = 0
    variables: int = 0
    schedules: int = 0


def show_folder(folder: StoredFolder) -> Folder:
    """A folder as the contract's ``Folder``."""
    return Folder(
        name=folder.name,
        display_name=folder.display_name,
        summary=folder.summary,
        owners=list(folder.owners),
        extra_perms=folder.extra_perms,
        labels=list(folder.labels),
        created_by=folder.created_by,
        edited_at=folder.edited_at,
    )
