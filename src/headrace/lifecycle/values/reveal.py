"""Reveals secrets, and the key of a workspace, to who may have them: not without a trace in the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.errors import Conflict, NotFound
from headrace.permissions import check
from headrace.store import audit
from headrace.store.values import variables
from headrace.vault.ciphertext import CantDecrypt

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.principal import Principal
    from headrace.store.values.variables import Variable
    from headrace.vault.vault import Vault


async def find_variable(connection: Connection, principal: Principal, path: str) -> Variable:
    """A variable as it is stored; raises PermissionDenied for operators, NotFound."""
    check.require_reader_of_variables(principal)
    check.require_read(principal, path, "variable")
    variable = await variables.read(connection, principal.workspace or "", path)
    if variable is None:
        raise NotFound(f"variable {path} does not exist, or you may not see it")
    return variable


async def reveal(connection: Connection, vault: Vault, principal: Principal, variable: Variable) -> str:
    """The value of a variable that the principal has found."""
    if not variable.is_secret:
        return variable.value
    value = await decrypted(connection, vault, principal, variable)
    await audit.write(connection, principal, "variables.decrypt_secret", "Execute", variable.path)
    return value


async def reveal_key(connection: Connection, vault: Vault, principal: Principal) -> str:
    """The key of the workspace's secrets, in base64, for its admins as persons. Raises PermissionDenied."""
    check.require_admin(principal)
    check.require_person(principal)
    workspace = principal.workspace or ""
    key = await vault.reveal_key(connection, workspace)
    await audit.write(connection, principal, "workspaces.read_encryption_key", "Execute", workspace)
    return key


async def decrypted(connection: Connection, vault: Vault, principal: Principal, variable: Variable) -> str:
    """The value of a secret, for a deed that tells it to nobody. Raises Conflict where it can't be read."""
    workspace, path = principal.workspace or "", variable.path
    try:
        return await vault.decrypt(connection, workspace, path, variable.value)
    except CantDecrypt:
        # The workspace may have been given another key since the variable was read.
        stored = await variables.read(connection, workspace, path)
        if stored is not None and stored.is_secret and stored.value != variable.value:
            return await decrypted(connection, vault, principal, stored)
        raise Conflict(
            f"the value of variable {variable.path} was not encrypted for it and can't be read: set it again"
        ) from None
