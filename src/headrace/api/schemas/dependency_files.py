"""Files of dependencies in the shape of the public contract: ``WorkspaceDependencies``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from headrace.api.schemas.answers import without_none

if TYPE_CHECKING:
    from headrace.store.dependency_files import DependencyFile


class NewWorkspaceDependencies(BaseModel):
    """Body of a new file, or of a new version of one; without ``name`` it is the default one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"language": "python3", "name": "web", "content": "httpx>=0.28\n"}]}
    )

    language: str
    content: str
    name: str | None = None
    description: str | None = None
    workspace_id: str | None = None


class WorkspaceDependencies(BaseModel):
    """One version of a file."""

    id: int
    workspace_id: str
    language: str
    content: str
    archived: bool
    created_at: datetime
    name: str | None = None
    description: str | None = None


class DependenciesOfWorkspace(BaseModel):
    """A file, and where it is."""

    workspace_id: str
    language: str
    name: str | None = None


def show_file(file: DependencyFile) -> dict[str, Any]:
    """One version of a file."""
    return without_none(
        id=file.id,
        workspace_id=file.workspace,
        language=file.language,
        name=file.name,
        description=file.description or None,
        content=file.content,
        archived=file.archived,
        created_at=file.created_at,
    )
