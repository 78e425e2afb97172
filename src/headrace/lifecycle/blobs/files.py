"""What is done with files of a workspace. Bytes go to the blob store between two transactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.blobs.blobs import new_name
from headrace.errors import NotFound
from headrace.model.file_key import check_file_key
from headrace.permissions import check
from headrace.store import audit
from headrace.store.blobs import doubtful_blobs, files

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.blob import Blob
    from headrace.model.principal import Principal
    from headrace.store.blobs.files import File


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file whose bytes are stored, and which no key refers to yet."""

    key: str
    blob: Blob
    content_type: str | None = None


async def announce_file(connection: Connection, principal: Principal, key: str) -> str:
    """Before the bytes come: the name of the blob that they are to go to. Raises PermissionDenied."""
    check.require_file_access(principal)
    check_file_key(key)
    workspace = principal.workspace or ""
    name = new_name("files", workspace)
    await doubtful_blobs.doubt(connection, name, workspace, seconds=doubtful_blobs.UPLOADED_WITHIN_SECONDS)
    return name


async def keep_file(connection: Connection, principal: Principal, file: NewFile) -> None:
    """After the bytes have come: the key refers to them, and no longer to what it did before."""
    check.require_file_access(principal)
    blob = file.blob
    await doubtful_blobs.trust(connection, blob.name)
    workspace, by = principal.workspace or "", principal.username
    await files.put(connection, workspace, file.key, blob, content_type=file.content_type, by=by)
    await audit.write(connection, principal, "files.upload", "Created", file.key, {"bytes": blob.size})


async def find_file(connection: Connection, principal: Principal, key: str) -> File:
    """The file under a key. Raises NotFound."""
    check.require_file_access(principal)
    check_file_key(key)
    file = await files.read(connection, principal.workspace or "", key)
    if file is None:
        raise _not_there(key)
    return file


async def delete_file(connection: Connection, principal: Principal, key: str) -> None:
    """Remove a file for good; its bytes go a little later. Raises NotFound."""
    check.require_file_access(principal)
    check_file_key(key)
    if not await files.delete(connection, principal.workspace or "", key):
        raise _not_there(key)
    await audit.write(connection, principal, "files.delete", "Delete", key)


async def move_file(connection: Connection, principal: Principal, key: str, new_key: str) -> None:
    """Give a file another key. Raises NotFound, and Conflict where that key is taken."""
    check.require_file_access(principal)
    check_file_key(key, "src_file_key")
    check_file_key(new_key, "dest_file_key")
    if not await files.move(connection, principal.workspace or "", key, new_key):
        raise _not_there(key)
    await audit.write(connection, principal, "files.move", "Updated", key, {"to": new_key})


def _not_there(key: str) -> NotFound:
    return NotFound(f"file {key} does not exist, or you may not see it")
