"""Encrypts and decrypts the secrets of workspaces, each under a key of its own."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING

from headrace.db.queries import load_queries
from headrace.errors import InvalidInput, Misconfigured
from headrace.vault.ciphertext import (
    KEY_BYTES,
    CantDecrypt,
    decrypt,
    encrypt,
    new_key,
    origin_of,
    seal,
    unseal,
)

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.vault.root_key import RootKey

SQL = load_queries(__file__, "keys.sql")

Reencrypt = Callable[[str, str], str]
"""From a path and its ciphertext to another ciphertext."""


class Vault:
    """What can be done with a root key. Raises Misconfigured where it isn't the one that was used."""

    def __init__(self, root_key: RootKey) -> None:
        self._root_key = root_key

    async def encrypt(self, connection: Connection, workspace: str, origin: str, text: str) -> str:
        """A text's ciphertext, for a path or an identity of a workspace."""
        return encrypt(await self._find_key(connection, workspace), workspace, origin, text)

    async def decrypt(self, connection: Connection, workspace: str, origin: str, ciphertext: str) -> str:
        """The text of a ciphertext; raises CantDecrypt for one made elsewhere or for another origin."""
        key = await self._read_key(connection, workspace)
        if key is None or origin_of(ciphertext) != origin:
            raise CantDecrypt
        return decrypt(key, workspace, ciphertext)

    async def reveal_key(self, connection: Connection, workspace: str) -> str:
        """The key of a workspace itself, in base64: with it all of its secrets can be read."""
        return base64.b64encode(await self._find_key(connection, workspace)).decode()

    async def hold_key(self, connection: Connection, workspace: str) -> None:
        """Let no other key come until the transaction ends: for who is about to store a ciphertext.

        To be called before any secret is locked.
        """
        await SQL.hold_workspace_key.run(connection, workspace=workspace)

    async def change_key(self, connection: Connection, workspace: str, key: bytes) -> Reencrypt | None:
        """Give a workspace another key; nobody stores a ciphertext of it until the transaction ends.

        Returns what makes of a ciphertext of a path one under the new key, and raises CantDecrypt for one
        that is none of that path; None where it was this very key.
        """
        await SQL.take_workspace_key.run(connection, workspace=workspace)
        old = await self._find_key(connection, workspace)
        if old == key:
            return None
        wrapped = seal(self._root_key.key, _binding(workspace), key)
        if not await SQL.change_workspace_key.count(connection, workspace=workspace, wrapped=wrapped):
            raise AssertionError("the key of a workspace can't be changed by who may change it")

        def reencrypt(path: str, ciphertext: str) -> str:
            if origin_of(ciphertext) != path:
                raise CantDecrypt
            return encrypt(key, workspace, path, decrypt(old, workspace, ciphertext))

        return reencrypt

    async def is_in_use(self, connection: Connection) -> bool:
        """Whether the database has secrets. Raises Misconfigured where this root key isn't theirs."""
        row = await SQL.any_workspace_key.row(connection)
        if row is not None:
            self._unwrap(row["workspace_id"], row["wrapped"])
        return row is not None

    async def _find_key(self, connection: Connection, workspace: str) -> bytes:
        """The key of a workspace, made where it has none yet."""
        key = await self._read_key(connection, workspace)
        if key is None:
            wrapped = seal(self._root_key.key, _binding(workspace), new_key())
            await SQL.add_workspace_key.run(connection, workspace=workspace, wrapped=wrapped)
            # Somebody else may have been first.
            key = await self._read_key(connection, workspace)
        if key is None:
            raise AssertionError("the key of a workspace was there and is gone")
        return key

    async def _read_key(self, connection: Connection, workspace: str) -> bytes | None:
        wrapped = await SQL.read_workspace_key.value(connection, workspace=workspace)
        return None if wrapped is None else self._unwrap(workspace, wrapped)

    def _unwrap(self, workspace: str, wrapped: bytes) -> bytes:
        try:
            return unseal(self._root_key.key, _binding(workspace), wrapped)
        except CantDecrypt:
            raise Misconfigured(
                f"the secrets of this database were encrypted under another key than that of"
                f" {self._root_key.place}: put the right one there, from a backup or from another server of"
                " this installation"
            ) from None


def parse_key(text: str, field: str) -> bytes:
    """A key as ``reveal_key`` gives it; raises InvalidInput, which doesn't repeat what was given."""
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise InvalidInput(field, f"must be {KEY_BYTES} bytes in base64, as the key that it replaces")
    return key


async def has_secrets(connection: Connection) -> bool:
    """Whether the database has any, whatever the root key."""
    return await SQL.any_workspace_key.row(connection) is not None


def _binding(workspace: str) -> bytes:
    return f"headrace workspace key\0{workspace}".encode()
