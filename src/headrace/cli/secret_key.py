"""The root key as the commands need it: made at the first start, looked at at each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.vault.root_key import load_root_key, make_root_key
from headrace.vault.vault import Vault, has_secrets

if TYPE_CHECKING:
    from headrace.db.connection import Connection
    from headrace.settings import Settings


async def prepare_secret_key(settings: Settings, connection: Connection) -> None:
    """Make the root key of an installation without one. Raises Misconfigured for one that doesn't fit."""
    make_root_key(settings, is_in_use=await has_secrets(connection))
    await open_vault(settings, connection)


async def open_vault(settings: Settings, connection: Connection) -> Vault:
    """The vault of this installation; raises Misconfigured where the key is missing or another one."""
    vault = Vault(load_root_key(settings))
    await vault.is_in_use(connection)
    return vault
