"""Changes the workspace's files of dependencies; the scripts that use one are locked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.errors import InvalidInput, NotFound
from headrace.model.path import check_name
from headrace.permissions import check
from headrace.runtimes.python_dependencies.lock_inputs import file_path
from headrace.store import audit, dependency_files, relocks
from headrace.store.dependency_files import UNNAMED

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.principal import Principal

LANGUAGES = frozenset({"python3"})
MOST_CHARACTERS = 200_000


async def create_file(
    connection: Connection,
    principal: Principal,
    language: str,
    name: str | None,
    *,
    content: str,
    description: str = "",
) -> int:
    """Store a file, or a new version of one that is there; returns its id. For admins of the workspace.

    A content that is there already makes no new version. Raises PermissionDenied, InvalidInput, Conflict.
    """
    check.require_admin(principal)
    _check(language, name)
    if len(content) > MOST_CHARACTERS:
        raise InvalidInput("content", f"is longer than {MOST_CHARACTERS} characters")
    workspace = principal.workspace or ""
    there = await dependency_files.read(connection, workspace, language, name)
    if there is not None and (there.content, there.description) == (content, description):
        return there.id
    file = await dependency_files.add(
        connection,
        workspace,
        language,
        name,
        content=content,
        description=description,
        created_by=principal.username,
    )
    await _tell(connection, principal, "create", name, file)
    return file


async def archive_file(connection: Connection, principal: Principal, language: str, name: str | None) -> None:
    """Take a file out of use; its versions are kept. Raises PermissionDenied, NotFound."""
    check.require_admin(principal)
    if not await dependency_files.archive(connection, principal.workspace or "", language, name):
        raise no_file(language, name)
    await _tell(connection, principal, "archive", name)


async def delete_file(connection: Connection, principal: Principal, language: str, name: str | None) -> None:
    """Remove a file with all its versions. Raises PermissionDenied, NotFound."""
    check.require_admin(principal)
    if not await dependency_files.delete(connection, principal.workspace or "", language, name):
        raise no_file(language, name)
    await _tell(connection, principal, "delete", name)


def no_file(language: str, name: str | None) -> NotFound:
    """That there is no such file."""
    shown = f"named {name}" if name else "without a name"
    return NotFound(f"there is no file of dependencies {shown} for {language} in this workspace")


def _check(language: str, name: str | None) -> None:
    if language not in LANGUAGES:
        known = ", ".join(sorted(LANGUAGES))
        raise InvalidInput("language", f"{language!r} has no files of dependencies here; known: {known}")
    if name == UNNAMED:
        raise InvalidInput("name", f"{UNNAMED!r} is how scripts call the file without a name: leave it out")
    if name is not None:
        check_name(name)


async def _tell(
    connection: Connection, principal: Principal, deed: str, name: str | None, file: int | None = None
) -> None:
    actions: dict[str, audit.Action] = {"create": "Created", "archive": "Updated", "delete": "Delete"}
    path = file_path(name)
    await relocks.add_cause(connection, principal.workspace or "", path, principal.username)
    await audit.write(
        connection,
        principal,
        f"workspace_dependencies.{deed}",
        actions[deed],
        path,
        {"id": file} if file is not None else None,
    )
