"""Routes about folders."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from headrace.api.body import CheckedRoute
from headrace.api.context import Caller, WorkspaceCaller
from headrace.api.pages import Page
from headrace.api.schemas.people.folders import (
    Folder,
    FolderChange,
    FolderUsage,
    FormerOwner,
    NewFolder,
    NewOwner,
    show_folder,
)
from headrace.errors import InvalidInput, NotFound, PermissionDenied
from headrace.model.path import check_identity, check_name
from headrace.model.principal import Principal
from headrace.permissions import check
from headrace.store import audit, folders
from headrace.store.folders import Folder as StoredFolder

router = APIRouter(prefix="/w/{workspace}/folders", tags=["folder"], route_class=CheckedRoute)


@router.get("/list")
async def list_folders(caller: WorkspaceCaller, page: Page) -> list[Folder]:
    """The folders that one may see, by name."""
    owners = check.readable_owners(caller.principal)
    async with caller.transaction() as connection:
        found = await folders.list_all(
            connection, caller.workspace, owners, limit=page.size, offset=page.offset
        )
    return [show_folder(folder) for folder in found]


@router.get("/listnames")
async def list_folder_names(caller: WorkspaceCaller, page: Page, only_member_of: bool = False) -> list[str]:
    """The names of the folders that one may see, or of those only in which one has a right of one's own."""
    principal = caller.principal
    owners = list(principal.readable) if only_member_of else check.readable_owners(principal)
    async with caller.transaction() as connection:
        found = await folders.list_all(
            connection, caller.workspace, owners, limit=page.size, offset=page.offset
        )
    return [folder.name for folder in found]


@router.get("/get/{name}")
async def get_folder(name: str, caller: WorkspaceCaller) -> Folder:
    """One folder."""
    return show_folder(await _read(caller, name))


@router.get("/exists/{name}")
async def exists_folder(name: str, caller: WorkspaceCaller) -> bool:
    """Whether there is such a folder to see."""
    try:
        await _read(caller, name)
    except NotFound:
        return False
    return True


@router.get("/getusage/{name}")
async def get_folder_usage(name: str, caller: WorkspaceCaller) -> FolderUsage:
    """How many things lie in a folder."""
    await _read(caller, name)
    async with caller.transaction() as connection:
        return FolderUsage(**await folders.count_items(connection, f"f/{name}"))


@router.post("/create", response_class=PlainTextResponse)
async def create_folder(body: NewFolder, caller: WorkspaceCaller) -> str:
    """Make a folder. Its creator owns it, besides those who are named; an admin may name others instead."""
    principal = caller.principal
    check.require_developer(principal)
    check_name(body.name)
    folder = _with_changes(
        StoredFolder(body.name, body.name, "", (), {}, (), created_by=principal.username), body
    )
    if not (principal.is_admin and body.owners is not None):
        folder = _kept_by(folder, principal)
    async with caller.transaction() as connection:
        await folders.add(connection, caller.workspace, folder)
        if not principal.is_admin and any((await folders.count_items(connection, f"f/{body.name}")).values()):
            raise PermissionDenied(
                f"only an admin may make {body.name} a folder: it has things in it already"
            )
        await audit.write(connection, principal, "folder.create", "Created", body.name)
    return body.name


@router.post("/update/{name}", response_class=PlainTextResponse)
async def update_folder(name: str, body: FolderChange, caller: WorkspaceCaller) -> str:
    """Change what is given of a folder, for its owners. Nobody but an admin loses it by that."""

    def changed(folder: StoredFolder) -> StoredFolder:
        after = _with_changes(folder, body)
        return after if caller.principal.is_admin else _kept_by(after, caller.principal)

    await _change(caller, name, "folder.update", changed)
    return f"folder {name} updated"


@router.post("/addowner/{name}", response_class=PlainTextResponse)
async def add_owner_to_folder(name: str, body: NewOwner, caller: WorkspaceCaller) -> str:
    """Give a folder one more owner, for its owners."""
    owner = check_identity(body.owner, "owner")
    await _change(caller, name, "folder.add_owner", lambda folder: _with_owner(folder, owner))
    return f"{owner} owns folder {name}"


@router.post("/removeowner/{name}", response_class=PlainTextResponse)
async def remove_owner_to_folder(name: str, body: FormerOwner, caller: WorkspaceCaller) -> str:
    """Take an owner from a folder, for its owners; with ``write`` they keep the right to write or to read."""
    owner = check_identity(body.owner, "owner")
    await _change(
        caller, name, "folder.remove_owner", lambda folder: _without_owner(folder, owner, write=body.write)
    )
    return f"{owner} does not own folder {name} any more"


@router.delete("/delete/{name}", response_class=PlainTextResponse)
async def delete_folder(name: str, caller: WorkspaceCaller) -> str:
    """Remove a folder, for its owners. What lies in it stays, and only admins see it."""
    check.require_owner(caller.principal, f"f/{name}", "folder")
    async with caller.transaction() as connection:
        await folders.remove(connection, caller.workspace, name)
        await audit.write(connection, caller.principal, "folder.delete", "Delete", name)
    return f"folder {name} deleted"


async def _read(caller: Caller, name: str) -> StoredFolder:
    async with caller.transaction() as connection:
        folder = await folders.read(connection, caller.workspace, name)
    if folder is None or not check.may_read(caller.principal, f"f/{name}"):
        raise folders.missing(name)
    return folder


async def _change(
    caller: Caller, name: str, operation: str, change: Callable[[StoredFolder], StoredFolder]
) -> None:
    if not check.may_read(caller.principal, f"f/{name}"):
        raise folders.missing(name)
    check.require_owner(caller.principal, f"f/{name}", "folder")
    async with caller.transaction() as connection:
        folder = change(await folders.lock(connection, caller.workspace, name))
        await folders.change(connection, caller.workspace, folder)
        await audit.write(
            connection,
            caller.principal,
            operation,
            "Updated",
            name,
            {"owners": list(folder.owners), "extra_perms": folder.extra_perms},
        )


def _with_changes(folder: StoredFolder, body: FolderChange) -> StoredFolder:
    for position, owner in enumerate(body.owners or []):
        check_identity(owner, f"owners.{position}")
    for identity in body.extra_perms or {}:
        check_identity(identity, "extra_perms")
    if body.owners is not None and len(set(body.owners)) < len(body.owners):
        raise InvalidInput("owners", "names somebody twice")
    given = body.model_dump(exclude_none=True, exclude={"name", "default_permissioned_as"})
    lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    return dataclasses.replace(folder, **given | lists)


def _kept_by(folder: StoredFolder, principal: Principal) -> StoredFolder:
    """The folder with the principal as an owner, unless they or a group of theirs are one."""
    own = principal.permissioned_as
    # A superadmin who is no member has no identity that could own anything, and needs none.
    if "/" not in own or any(identity in folder.owners for identity in principal.identities):
        return folder
    return dataclasses.replace(folder, owners=(own, *folder.owners))


def _with_owner(folder: StoredFolder, owner: str) -> StoredFolder:
    owners = folder.owners if owner in folder.owners else (*folder.owners, owner)
    return dataclasses.replace(folder, owners=owners)


def _without_owner(folder: StoredFolder, owner: str, *, write: bool | None) -> StoredFolder:
    if owner not in folder.owners:
        raise NotFound(f"{owner} does not own folder {folder.name}")
    owners = tuple(other for other in folder.owners if other != owner)
    kept = {} if write is None else {owner: write}
    return dataclasses.replace(folder, owners=owners, extra_perms=folder.extra_perms | kept)
