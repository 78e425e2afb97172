"""Files of dependencies in the shape of the public contract: ``WorkspaceDependencies``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from headrace.api.schemas.answers import without_none

if TYPE_CHECKING:
    from headrace.store.dependency_files import DependencyFile


class NewWorkspaceDependencies(BaseModel):
    """Body of a new file, or of a new version of one; without ``name`` it is the default one."""

    language: str
    content: str
    name: str | None = None
    description: str | None = None
    workspace_id: str | None = None


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
