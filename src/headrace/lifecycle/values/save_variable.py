"""Makes, changes and removes variables. Values of secrets are stored as ciphertexts only."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headrace.errors import InvalidInput, NotFound, TooLarge
from headrace.lifecycle.values.move_linked import move_linked_resource
from headrace.lifecycle.values.reveal import decrypted, reveal
from headrace.model.path import check_path
from headrace.permissions import check
from headrace.store import audit
from headrace.store.values import variables
from headrace.vault.ciphertext import CantDecrypt, origin_of

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.model.principal import Principal
    from headrace.store.values.variables import Variable
    from headrace.vault.vault import Vault

MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class NewValues:
    """What is asked of a variable; None leaves it as it is. ``is_ciphertext`` says so of a secret's value."""

    path: str | None = None
    value: str | None = None
    is_secret: bool | None = None
    description: str | None = None
    labels: list[str] | None = None
    is_ciphertext: bool = False


async def create_variable(
    connection: Connection, vault: Vault, principal: Principal, path: str, wanted: NewValues
) -> None:
    """Make a variable. Raises InvalidInput, PermissionDenied, TooLarge; Conflict where the path is taken."""
    check_path(path)
    check.require_write(principal, path)
    await vault.hold_key(connection, principal.workspace or "")
    value, is_secret = _checked(wanted.value or ""), bool(wanted.is_secret)
    await variables.add(
        connection,
        principal.workspace or "",
        path,
        value=await _to_store(connection, vault, principal, path, value, wanted) if is_secret else value,
        is_secret=is_secret,
        description=wanted.description or "",
        labels=wanted.labels or [],
        username=principal.username,
    )
    await audit.write(connection, principal, "variables.create", "Created", path)


async def update_variable(
    connection: Connection, vault: Vault, principal: Principal, path: str, wanted: NewValues
) -> str:
    """Change a variable, and return its path, which may be a new one: a linked resource goes along.

    Raises InvalidInput, NotFound, PermissionDenied, TooLarge; Conflict where the new path is taken.
    """
    new_path = check_path(path if wanted.path is None else wanted.path)
    check.require_read(principal, check_path(path), "variable")
    check.require_write(principal, path)
    check.require_write(principal, new_path)
    await vault.hold_key(connection, principal.workspace or "")
    stored = await variables.lock(connection, principal.workspace or "", path)
    if stored is None:
        raise NotFound(f"variable {path} does not exist, or you may not see it")
    changed = dataclasses.replace(
        stored,
        path=new_path,
        value=await _changed_value(connection, vault, principal, stored, new_path, wanted),
        is_secret=stored.is_secret if wanted.is_secret is None else wanted.is_secret,
        description=stored.description if wanted.description is None else wanted.description,
        labels=stored.labels if wanted.labels is None else wanted.labels,
    )
    await variables.change(connection, principal.workspace or "", path, changed, principal.username)
    moved = {"from": path} if new_path != path else None
    await audit.write(connection, principal, "variables.update", "Updated", new_path, moved)
    if moved and stored.is_linked:
        await move_linked_resource(connection, principal, path, new_path)
    return new_path


async def delete_variables(connection: Connection, principal: Principal, paths: list[str]) -> list[str]:
    """Remove variables; the paths at which there was one that the principal could see.

    Raises PermissionDenied where one of those may only be read, and then removes none.
    """
    gone: list[str] = []
    # In order, so that two at once don't wait for each other.
    for path in sorted({check_path(path, "paths") for path in paths}):
        if not check.may_read(principal, path):
            continue
        check.require_write(principal, path)
        if await variables.delete(connection, principal.workspace or "", path):
            await audit.write(connection, principal, "variables.delete", "Delete", path)
            gone.append(path)
    return gone


async def encrypt_text(connection: Connection, vault: Vault, principal: Principal, text: str) -> str:
    """The ciphertext of a text for no path yet, which only the principal, and admins, can store somewhere."""
    check.require_developer(principal)
    owner = principal.permissioned_as
    origin = owner if "/" in owner else ""
    return await vault.encrypt(connection, principal.workspace or "", origin, _checked(text))


async def _changed_value(  # noqa: PLR0917 - what it is, and what it is to become
    connection: Connection,
    vault: Vault,
    principal: Principal,
    stored: Variable,
    new_path: str,
    wanted: NewValues,
) -> str:
    is_secret = stored.is_secret if wanted.is_secret is None else wanted.is_secret
    if wanted.value is not None:
        value = _checked(wanted.value)
        return await _to_store(connection, vault, principal, new_path, value, wanted) if is_secret else value
    if not is_secret:
        # A secret that is none any more is told to all who may read it.
        return await reveal(connection, vault, principal, stored)
    if stored.is_secret and stored.path == new_path:
        return stored.value
    value = await decrypted(connection, vault, principal, stored) if stored.is_secret else stored.value
    return await vault.encrypt(connection, principal.workspace or "", new_path, value)


async def _to_store(  # noqa: PLR0917 - what it is, and what it is for
    connection: Connection, vault: Vault, principal: Principal, path: str, value: str, wanted: NewValues
) -> str:
    """The ciphertext to store for a secret at a path.

    One that came as a ciphertext made for this path stays as it came; one made for another path is taken
    from those who may read what is there.
    """
    workspace = principal.workspace or ""
    if not wanted.is_ciphertext:
        return await vault.encrypt(connection, workspace, path, value)
    try:
        origin = origin_of(value)
        text = await vault.decrypt(connection, workspace, origin, value)
    except CantDecrypt:
        raise _not_ours() from None
    if origin == path:
        return value
    if not check.may_read(principal, origin) or not check.is_in_scope(principal, "variables", "read", origin):
        raise _not_ours()
    return await vault.encrypt(connection, workspace, path, text)


def _not_ours() -> InvalidInput:
    return InvalidInput(
        "value",
        "is no ciphertext of this workspace that you may use; without already_encrypted it is taken as it is",
    )


def _checked(value: str) -> str:
    if len(value.encode()) > MOST_BYTES:
        raise TooLarge(f"value: is larger than {MOST_BYTES // 1_000_000} MB, the most of a variable")
    return value
