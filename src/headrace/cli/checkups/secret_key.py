"""Looks at the root key of secrets: whether it is there, for its owner only, and the one of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.cli.checkups.finding import Finding, Health
from headrace.cli.secret_key import open_vault
from headrace.db.connection import Login, connect
from headrace.db.embedded import running_url
from headrace.db.failures import translated
from headrace.db.migrate import check_current
from headrace.errors import Misconfigured, Unavailable
from headrace.vault.root_key import key_file, load_root_key
from headrace.vault.vault import has_secrets

if TYPE_CHECKING:
    from headrace.settings import Settings

NAME = "secret key"


async def check_secret_key(settings: Settings) -> list[Finding]:
    """The key, compared with the secrets of the database where that can be reached. Raises Misconfigured."""
    file = key_file(settings)
    is_in_file = settings.secret_key is None
    if is_in_file and not file.exists():
        if not await _asked(settings):
            return [Finding(NAME, Health.OK, f"{file}, made at the first start")]
        cure = "copy it from a backup, or from the machine of a server"
        return [Finding(NAME, Health.WEAKER, f"{file} is missing: no server can run here", cure)]
    key = load_root_key(settings)
    if is_in_file and file.stat().st_mode & 0o077:
        return [Finding(NAME, Health.WEAKER, f"others can read {file}", f"run `chmod 600 {file}`")]
    fits = await _asked(settings, is_compared=True)
    said = {
        None: "not compared: the database can't be asked",
        False: "no secret needs it yet",
        True: "it fits",
    }
    return [Finding(NAME, Health.OK, f"{key.place}, {said[fits]}")]


async def _asked(settings: Settings, *, is_compared: bool = False) -> bool | None:
    """Whether the database has secrets; None if it can't be asked. Raises Misconfigured for another key."""
    url = settings.database_url.reveal() if settings.database_url else running_url(settings.data_dir)
    if url is None:
        return None
    try:
        connection = await connect(Login(url), "doctor")
    except (Unavailable, Misconfigured):
        return None  # another finding says why
    try:
        with translated():
            try:
                await check_current(connection)
            except Misconfigured:
                return None
            if is_compared:
                await open_vault(settings, connection)
            return await has_secrets(connection)
    finally:
        await connection.close()
