"""Routes about the workspace's files of dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, InstanceCaller, WorkspaceCaller
from headrace.api.schemas.answers import json_response, without_none
from headrace.api.schemas.dependency_files import (
    DependenciesOfWorkspace,
    NewWorkspaceDependencies,
    WorkspaceDependencies,
    show_file,
)
from headrace.db.failures import retried
from headrace.db.listen import LOCKS_CHANGED
from headrace.errors import InvalidInput
from headrace.lifecycle.dependency_files import archive_file, create_file, delete_file, no_file
from headrace.permissions import check
from headrace.store import dependency_files

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from headrace.db.connection import Connection

Result = TypeVar("Result")

router = APIRouter(
    prefix="/w/{workspace}/workspace_dependencies", tags=["workspace_dependencies"], route_class=CheckedRoute
)
of_all = APIRouter(prefix="/configs", tags=["config"])


@router.post("/create", status_code=201, response_class=PlainTextResponse)
async def create_workspace_dependencies(body: NewWorkspaceDependencies, caller: WorkspaceCaller) -> str:
    """Make a file, or a new version of one that is there; answers with its id."""
    if body.workspace_id not in (None, caller.workspace):
        raise InvalidInput("workspace_id", f"must be the request's own, {caller.workspace}")

    async def deed(connection: Connection) -> int:
        return await create_file(
            connection,
            caller.principal,
            body.language,
            body.name or None,
            content=body.content,
            description=body.description or "",
        )

    return str(await _changed(caller, deed))


@router.post("/archive/{language}")
async def archive_workspace_dependencies(
    language: str, caller: WorkspaceCaller, name: str | None = None
) -> None:
    """Take a file out of use; its versions are kept."""
    await _changed(caller, lambda c: archive_file(c, caller.principal, language, name or None))


@router.post("/delete/{language}")
async def delete_workspace_dependencies(
    language: str, caller: WorkspaceCaller, name: str | None = None
) -> None:
    """Remove a file with all its versions."""
    await _changed(caller, lambda c: delete_file(c, caller.principal, language, name or None))


@router.get("/get_latest/{language}", response_model=WorkspaceDependencies)
async def get_latest_workspace_dependencies(
    language: str, caller: WorkspaceCaller, name: str | None = None
) -> Response:
    """The newest version of a file; without ``name`` of the default one."""
    async with caller.transaction() as connection:
        file = await dependency_files.read(connection, caller.workspace, language, name or None)
    if file is None:
        raise no_file(language, name or None)
    return json_response(show_file(file))


@router.get("/list", response_model=list[WorkspaceDependencies])
async def list_workspace_dependencies(caller: WorkspaceCaller) -> Response:
    """The newest version of each file that is in use."""
    async with caller.transaction() as connection:
        files = await dependency_files.list_all(connection, caller.workspace)
    return json_response([show_file(file) for file in files])


@of_all.get("/list_all_workspace_dependencies", response_model=list[DependenciesOfWorkspace])
async def list_all_workspace_dependencies(caller: InstanceCaller) -> Response:
    """The files of all workspaces, without their content; for superadmins."""
    check.require_superadmin(caller.principal)
    async with caller.transaction() as connection:
        files = await dependency_files.list_of_all_workspaces(connection)
    return json_response(
        [without_none(workspace_id=file.workspace, language=file.language, name=file.name) for file in files]
    )


async def _changed(caller: Caller, deed: Callable[[Connection], Awaitable[Result]]) -> Result:
    async def transaction() -> Result:
        async with caller.transaction() as connection:
            return await deed(connection)

    result = await retried(transaction)
    caller.context.switchboard.notify(LOCKS_CHANGED, {caller.workspace})
    return result
