"""Links to files that need no token: who holds one may read that file until it is over."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from headrace.errors import NotFound, PermissionDenied
from headrace.model.file_key import check_file_key
from headrace.permissions import check
from headrace.store.blobs import files

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.blob import Blob
    from headrace.model.principal import Principal

SHORTEST_SECONDS = 60
LONGEST_SECONDS = 7 * 86400
USUAL_SECONDS = 12 * 3600


async def sign_files(
    connection: Connection, principal: Principal, keys: list[str], now: int, seconds: int | None
) -> list[str]:
    """For each key the query of a link to it, good for some ``seconds`` or the nearest that is allowed.

    ``now`` is in seconds of the epoch. Raises PermissionDenied and InvalidInput.
    """
    check.require_file_access(principal)
    for key in keys:
        check_file_key(key, "s3_objects")
    secret = await files.read_link_key(connection)
    over = now + min(max(seconds or USUAL_SECONDS, SHORTEST_SECONDS), LONGEST_SECONDS)
    workspace = principal.workspace or ""
    return [f"exp={over}&sig={_signature(secret, workspace, key, over)}" for key in keys]


async def follow_link(
    connection: Connection, workspace: str, key: str, *, now: int, over: int, signature: str
) -> tuple[Blob, str | None]:
    """Blob and content type of the file that a link leads to. Raises PermissionDenied and NotFound."""
    secret = await files.read_link_key(connection)
    wanted = _signature(secret, workspace, key, over)
    if not hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace")) or over < now:
        raise PermissionDenied("this link to a file is wrong, or over")
    found = await files.read_linked(connection, workspace, key)
    if found is None:
        raise NotFound(f"file {key} does not exist any more")
    return found


def _signature(secret: bytes, workspace: str, key: str, over: int) -> str:
    message = f"{over}\n{workspace}\n{key}".encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()
