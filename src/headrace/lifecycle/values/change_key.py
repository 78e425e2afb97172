"""Gives a workspace another key, and with it other ciphertexts of the same secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.permissions import check
from headrace.store import audit
from headrace.store.values import variables
from headrace.vault.ciphertext import CantDecrypt

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.principal import Principal
    from headrace.vault.vault import Reencrypt, Vault


async def change_key(
    connection: Connection, vault: Vault, principal: Principal, key: bytes, *, reencrypt: bool
) -> int:
    """Make ``key`` the workspace's, and encrypt its secrets anew, for its admins as persons; how many were.

    Without ``reencrypt`` ciphertexts stay as they are, for those who bring others that fit the key. The key
    that the workspace has already changes nothing. Raises PermissionDenied.
    """
    check.require_admin(principal)
    check.require_person(principal)
    workspace = principal.workspace or ""
    anew = await vault.change_key(connection, workspace, key)
    changed = 0 if anew is None or not reencrypt else await _reencrypt(connection, workspace, anew)
    about = {"reencrypt": reencrypt, "reencrypted": changed}
    await audit.write(connection, principal, "workspaces.set_encryption_key", "Updated", workspace, about)
    return changed


async def _reencrypt(connection: Connection, workspace: str, anew: Reencrypt) -> int:
    changed = 0
    for path in await variables.list_secrets(connection, workspace):
        stored = await variables.lock(connection, workspace, path)
        if stored is None or not stored.is_secret:
            continue
        try:
            ciphertext = anew(path, stored.value)
        except CantDecrypt:
            # It could not be read before, and can't be now.
            continue
        await variables.replace_ciphertext(connection, workspace, path, ciphertext)
        changed += 1
    return changed
